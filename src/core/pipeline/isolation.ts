import { SluiceError } from '../errors.ts';
import { findProgram } from './find-program.ts';
import { bubblewrapLaunch } from './isolation/bubblewrap.ts';
import { dockerLaunch } from './isolation/docker.ts';
import { podmanLaunch } from './isolation/podman.ts';
import type { IsolationRequest } from './isolation/request.ts';
import type { Launch } from './launch.ts';

/** How a script is shut in. `none` keeps it from accidents only: it runs as the user who runs sluice. */
export type Isolation = 'none' | 'bubblewrap' | 'podman' | 'docker';

const tools: Readonly<Record<Exclude<Isolation, 'none'>, { readonly program: string; readonly hint: string }>> = {
  bubblewrap: { program: 'bwrap', hint: 'Install it (Debian, Fedora: package bubblewrap).' },
  podman: { program: 'podman', hint: 'Install podman (and catatonit, its init), or choose another isolation.' },
  docker: { program: 'docker', hint: 'Install the docker client, or choose another isolation.' },
};

/**
 * The command that runs a script shut in (pure). Inside, the checkout, HOME and TMPDIR have the same paths as outside, are writable and
 * belong to this run alone; what is seen of the machine is read-only; there is no network unless the request asks for it.
 * Throws SluiceError `config` when a container has no image.
 */
export function isolate(isolation: Isolation, request: IsolationRequest): Launch {
  if (isolation === 'bubblewrap') return bubblewrapLaunch(request);
  if (isolation === 'podman') return podmanLaunch(request);
  if (isolation === 'docker') return dockerLaunch(request);
  return { command: request.command, env: request.env };
}

/** Throws SluiceError `config` that names the tool when this isolation cannot work here. `path` is the PATH of sluice itself. */
export async function requireIsolation(isolation: Isolation, path: string | undefined): Promise<void> {
  if (isolation === 'none') return;
  const { program, hint } = tools[isolation];
  if ((await findProgram(program, path, '/')) !== undefined) return;
  throw new SluiceError('config', `isolation ${isolation}: the program "${program}" was not found on PATH`, { hint });
}
