import type { Launch } from '../launch.ts';
import type { IsolationRequest } from './request.ts';

const system = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32'];

/** What programs need to find libraries, names, certificates and time; the rest of /etc (host keys, passwords of daemons) stays out. */
const settings = [
  'alternatives',
  'ca-certificates',
  'crypto-policies',
  'group',
  'hosts',
  'ld.so.cache',
  'ld.so.conf',
  'ld.so.conf.d',
  'localtime',
  'mime.types',
  'nsswitch.conf',
  'passwd',
  'pki',
  'protocols',
  'resolv.conf',
  'services',
  'ssl',
].map((name) => `/etc/${name}`);

/**
 * A script in namespaces of its own (bwrap(1)): it sees the system's programs read-only, its own directories, and no other process; all
 * of its processes end with it, however they hide. The environment is already a chosen one and is inherited, because `--setenv` would
 * show its values in the process list. `--new-session` is left out: a run has a session without a terminal anyway, and a second one
 * would keep SIGTERM from the script. It sets no limits of memory or processes.
 */
export function bubblewrapLaunch({ command, env, network, readOnly = [], workspace }: IsolationRequest): Launch {
  const visible = [...system, ...settings, ...readOnly].flatMap((path) => ['--ro-bind-try', path, path]);
  const writable = [workspace.checkout, workspace.home, workspace.tmp].flatMap((path) => ['--bind', path, path]);
  const options = [
    '--unshare-all',
    ...(network ? ['--share-net'] : []),
    ...['--die-with-parent', '--cap-drop', 'ALL', '--hostname', 'sluice'],
    ...['--proc', '/proc', '--dev', '/dev'],
    // On disk, not in memory; before the workspace, which may itself be below /tmp.
    ...['--bind', workspace.tmp, '/tmp', '--dir', '/var/tmp'],
    ...visible,
    ...writable,
    ...['--ro-bind', workspace.objects, workspace.objects],
    // The root is a file system in memory: nobody shall fill it. Mounts below it stay writable.
    ...['--remount-ro', '/', '--chdir', workspace.checkout],
  ];
  return {
    command: ['bwrap', ...options, '--', ...command],
    env,
    ask: 'members',
    toolFailed: (exitCode, lastLine) => exitCode === 1 && lastLine.startsWith('bwrap: '),
  };
}
