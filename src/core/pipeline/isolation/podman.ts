import type { Launch } from '../launch.ts';
import { containerLaunch } from './container.ts';
import type { IsolationRequest } from './request.ts';

/** Without root, podman maps the user into the container only when told to (podman-run(1), --userns). */
export function podmanLaunch(request: IsolationRequest): Launch {
  const { gid, uid } = request.user;
  return containerLaunch(request, {
    program: 'podman',
    owner: uid === 0 ? ['--user=0:0'] : ['--userns=keep-id', `--user=${uid}:${gid}`],
    // SELinux would have to relabel the directories of the run.
    flags: ['--security-opt=label=disable'],
  });
}
