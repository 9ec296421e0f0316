import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { killGroup } from './run-git.ts';

/** sshd is not on a normal user's PATH, and it insists on being called by its absolute path. */
const sshdPaths = ['/usr/sbin/sshd', '/usr/local/sbin/sshd', '/usr/bin/sshd', '/opt/homebrew/sbin/sshd'];

export interface SshServer extends AsyncDisposable {
  /** `ssh://user@127.0.0.1:port/absolute/path` */
  url(repoPath: string): string;
  /** For the git client: the only key, the only known host, no agent, no prompt. Add it to `isolatedGitEnv(server.env)`. */
  readonly env: { readonly GIT_SSH_COMMAND: string };
  /** Private key without a passphrase, for tests of agents. */
  readonly userKey: string;
  readonly knownHosts: string;
  /** TCP connections accepted so far. */
  readonly connections: number;
  /** What sshd said, for people who debug a test. */
  readonly log: string;
  /** Ends all sessions and waits for their sshd. */
  close(): Promise<void>;
}

/**
 * A real sshd with keys of its own in `dir` (a temporary directory), reachable on a free port of 127.0.0.1 as the current user.
 * Each connection gets its own `sshd -i`, as from inetd: there is no port to guess, and no MaxStartups that drops
 * connections at random when many clients come at once.
 * Undefined, with a printed reason, where sshd is not installed; in CI (`CI` is set) that is an error.
 */
export async function startSshServer(dir: string): Promise<SshServer | undefined> {
  const sshd = await findSshd();
  if (sshd === undefined) {
    const reason = `no sshd in ${sshdPaths.join(', ')}: install openssh-server`;
    if (process.env.CI) throw new Error(reason);
    process.stderr.write(`SSH tests are skipped: ${reason}\n`);
    return undefined;
  }
  // sshd's separation of privileges wants this directory; only the service's start script makes it.
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const hostKey = await makeKey(join(dir, 'ssh_host_key'));
  const userKey = await makeKey(join(dir, 'ssh_user_key'));
  const config = join(dir, 'sshd_config');
  await writeFile(config, sshdConfig(hostKey, `${userKey}.pub`));

  const sessions = new Set<ChildProcess>();
  let connections = 0;
  let log = '';
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    connections += 1;
    const session = serveOne(sshd, config, socket);
    sessions.add(session);
    session.once('close', () => sessions.delete(session));
    session.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      log += chunk;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const knownHosts = join(dir, 'ssh_known_hosts');
  await writeFile(knownHosts, `[127.0.0.1]:${port} ${await readFile(`${hostKey}.pub`, 'utf8')}`);

  async function close(): Promise<void> {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    const ended = [...sessions].map((session) => once(session, 'close'));
    for (const session of sessions) killGroup(session);
    await Promise.all([closed, ...ended]);
  }

  return {
    url: (repoPath) => `ssh://${userInfo().username}@127.0.0.1:${port}${encodeURI(repoPath)}`,
    env: { GIT_SSH_COMMAND: sshCommand(userKey, knownHosts) },
    userKey,
    knownHosts,
    get connections() {
      return connections;
    },
    get log() {
      return log;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function findSshd(): Promise<string | undefined> {
  for (const path of sshdPaths) {
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return undefined;
}

async function makeKey(path: string): Promise<string> {
  const child = spawn('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'sluice-test', '-f', path], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const [[status], stderr] = await Promise.all([once(child, 'close'), text(child.stderr)]);
  if (status !== 0) throw new Error(`ssh-keygen ended with ${status}: ${stderr}`);
  return path;
}

function sshdConfig(hostKey: string, authorizedKeys: string): string {
  return [
    `HostKey "${hostKey}"`,
    `AuthorizedKeysFile "${authorizedKeys}"`,
    'PidFile none',
    // The directory is below /tmp, which everybody may write to.
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'PermitUserEnvironment no',
    'AcceptEnv GIT_PROTOCOL',
    // The server's git shall not read this machine's configuration either.
    'SetEnv GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_NOSYSTEM=1',
    'PrintMotd no',
    '',
  ].join('\n');
}

/** Hands the socket itself to sshd, which closes the connection by ending; our copy of it goes at once. */
function serveOne(sshd: string, config: string, socket: Socket): ChildProcess {
  const session = spawn(sshd, ['-i', '-e', '-f', config], { stdio: [socket, socket, 'pipe'], detached: true });
  socket.on('error', () => undefined);
  socket.destroy();
  return session;
}

function sshCommand(userKey: string, knownHosts: string): string {
  const options = [
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'BatchMode=yes',
    'StrictHostKeyChecking=yes',
    `UserKnownHostsFile="${knownHosts}"`,
  ];
  const words = ['-F', '/dev/null', '-i', userKey, ...options.flatMap((option) => ['-o', option])];
  return `ssh ${words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ')}`;
}
