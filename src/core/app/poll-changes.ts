import { SluiceError } from '../errors.ts';
import type { Forge } from '../forges/forge.ts';
import type { Endpoint } from '../git/endpoint.ts';
import type { ListChangeHeads } from '../poll/ports.ts';
import { judgeTrust } from '../trust/judge.ts';
import type { TrustPolicy } from '../trust/policy.ts';

interface ChangesOfForge {
  readonly changes: NonNullable<Forge['changes']>;
  readonly repo: string;
}

/** The role that lists change requests; throws SluiceError `usage` where there is none. */
export function requireChanges({ forge, repo, display }: Endpoint): ChangesOfForge {
  if (forge?.changes !== undefined && repo !== undefined) return { changes: forge.changes, repo };
  throw new SluiceError(
    'usage',
    `--prs needs the API of a forge, and ${display} belongs to none that can list change requests`,
    { hint: 'Name the forge in sluice.yaml (forges:), and write the repository as alias:owner/name.' },
  );
}

const unknown = {
  headSince: undefined,
  labels: undefined,
  reviews: undefined,
  comments: undefined,
  changedPaths: undefined,
};

/** Open change requests through the forge's API; the trust policies judge what the listing says of each. */
export function listChangeHeads(policiesOf: (key: string) => readonly TrustPolicy[]): ListChangeHeads {
  return async ({ key, endpoint }, call) => {
    const { changes, repo } = requireChanges(endpoint);
    const rules = { policies: policiesOf(key) };
    const open = await changes.listOpen(repo, call);
    return open.flatMap((change) => {
      const at = changes.headLocation(repo, change);
      const oid = change.head.sha;
      if (at === undefined || at.repo !== repo || oid === undefined) return [];
      const author = change.author === '' ? undefined : { login: change.author, association: undefined };
      const verdict = judgeTrust({ ...unknown, head: oid, internal: change.internal, author }, rules);
      return [{ ref: at.ref, oid, number: change.number, blocked: verdict.trusted ? undefined : verdict.missing }];
    });
  };
}
