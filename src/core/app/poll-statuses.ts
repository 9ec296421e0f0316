import { SluiceError } from '../errors.ts';
import type { Forge } from '../forges/forge.ts';
import type { Endpoint } from '../git/endpoint.ts';

interface StatusesOfForge {
  readonly statuses: NonNullable<Forge['statuses']>;
  readonly repo: string;
}

/** The role that sets commit statuses; throws SluiceError `usage` where there is none. */
export function requireStatuses({ forge, repo, display }: Endpoint): StatusesOfForge {
  if (forge?.statuses !== undefined && repo !== undefined) return { statuses: forge.statuses, repo };
  const who =
    forge === undefined
      ? `${display} belongs to no configured forge`
      : `the forge ${forge.alias} has no commit statuses`;
  throw new SluiceError('usage', `--result status: ${who}`, {
    hint: 'Use --result notes, or name the forge in sluice.yaml.',
  });
}
