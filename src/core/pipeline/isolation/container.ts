import { basename } from 'node:path';
import { SluiceError } from '../../errors.ts';
import type { Launch } from '../launch.ts';
import type { IsolationRequest } from './request.ts';

/** What podman and docker do differently. */
export interface Engine {
  readonly program: 'podman' | 'docker';
  /** Flags that make the script the owner of its directories. */
  readonly owner: readonly string[];
  readonly flags: readonly string[];
}

/** Variables that tell a client where its engine and its own files are. */
const ofClient =
  /^(?:DOCKER_|CONTAINER_|CONTAINERS_|BUILDAH_|XDG_(?:RUNTIME_DIR|CONFIG_HOME|DATA_HOME)$|DBUS_SESSION_)/;

/** The image has its own programs. */
const ofImage = ['PATH', 'SHELL'];

/** `podman run` and `docker run` of one script in a container that is removed afterwards. */
export function containerLaunch(request: IsolationRequest, engine: Engine): Launch {
  const { clientEnv, command, env, image, network, readOnly = [], runtime, workspace } = request;
  if (image === undefined) {
    throw new SluiceError('config', `isolation ${engine.program}: no image is configured`, {
      hint: 'Name the image in which the script shall run.',
    });
  }
  const [program = '', ...args] = command;
  const name = containerName(workspace.dir);
  const client = clientEnvironment(env, clientEnv);
  const options = [
    ...['--rm', '--init', `--name=${name}`, '--pull=missing', '--log-driver=none'],
    ...(runtime === undefined ? [] : [`--runtime=${runtime}`]),
    ...(network ? [] : ['--network=none']),
    ...['--cap-drop=ALL', '--security-opt=no-new-privileges', '--pids-limit=4096'],
    // Engines raise these above what an unprivileged one may set, and then refuse to start.
    ...['--ulimit=nofile=1024:1024', '--ulimit=nproc=4096:4096'],
    ...engine.owner,
    ...engine.flags,
    ...[workspace.checkout, workspace.home, workspace.tmp].map((path) => mount(path)),
    ...[workspace.objects, ...readOnly].map((path) => `${mount(path)},readonly`),
    `--workdir=${workspace.checkout}`,
    ...variableFlags(env, client),
    `--entrypoint=${program}`,
  ];
  return {
    command: [engine.program, 'run', ...options, image, ...args],
    env: client,
    // Not by a signal to the client: podman's forwards none in its first moments, and leaves with status 0.
    ask: [engine.program, 'kill', '--signal=TERM', name],
    end: removal(engine.program, name),
    // "125 indicates that the error is with Podman itself" (podman-run(1), docker-run(1)); 126 and 127 may be the script's own. The
    // init says itself that there is no such program in the image: catatonit in podman, tini in docker.
    toolFailed: (exitCode, lastLine) => exitCode === 125 || /^(?:ERROR \(catatonit|\[FATAL tini)/.test(lastLine),
  };
}

/** The command that ends the container of a run of which only its directory is known: nothing left to end is no error. */
export function removeContainer(program: Engine['program'], dir: string): readonly string[] {
  return removal(program, containerName(dir));
}

function removal(program: Engine['program'], name: string): readonly string[] {
  return [program, 'rm', '--force', name];
}

function containerName(dir: string): string {
  return `sluice-${basename(dir)}`;
}

function mount(path: string): string {
  // The value is a line of CSV; a quoted field may hold commas.
  const field = (text: string) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return `--mount=type=bind,${field(`source=${path}`)},${field(`target=${path}`)}`;
}

function clientEnvironment(env: IsolationRequest['env'], own: IsolationRequest['clientEnv']): Record<string, string> {
  const client: Record<string, string> = { ...env };
  for (const [name, value] of Object.entries(own)) {
    if (value !== undefined && (ofClient.test(name) || name === 'HOME' || name === 'PATH')) client[name] = value;
  }
  return client;
}

/** By name, so that no value shows in the process list; by value only where the client itself needs another one (HOME). */
function variableFlags(env: IsolationRequest['env'], client: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(env)
    .filter(([name]) => !ofImage.includes(name))
    .map(([name, value]) => (client[name] === value ? `--env=${name}` : `--env=${name}=${value}`));
}
