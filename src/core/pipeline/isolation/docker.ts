import type { Launch } from '../launch.ts';
import { containerLaunch } from './container.ts';
import type { IsolationRequest } from './request.ts';

/** The engine is another process, perhaps as root: files belong to the run's user only when it is named. */
export function dockerLaunch(request: IsolationRequest): Launch {
  const { gid, uid } = request.user;
  return containerLaunch(request, { program: 'docker', owner: [`--user=${uid}:${gid}`], flags: [] });
}
