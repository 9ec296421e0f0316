import { SluiceError } from '../errors.ts';
import type { Forge } from '../forges/forge.ts';
import type { TrustPolicy } from '../trust/policy.ts';
import type { TrustRules } from './trust-facts.ts';

/** What a policy asks a forge beyond the listing of change requests, by the name that a person gives it. */
type Need = keyof typeof offered;

const offered = {
  'who may write': ({ members }: Forge) => members !== undefined,
  reviews: ({ reviews }: Forge) => reviews !== undefined,
  comments: ({ discussion }: Forge) => discussion !== undefined,
  labels: ({ discussion }: Forge) => discussion?.labels !== undefined,
  "the author's association": ({ discussion }: Forge) => discussion?.association !== undefined,
  'changed paths': ({ discussion }: Forge) => discussion !== undefined,
} as const;

const needs: Readonly<Record<TrustPolicy['kind'], readonly Need[]>> = {
  internal: [],
  login: [],
  association: ["the author's association"],
  label: ['labels', 'who may write'],
  review: ['reviews', 'who may write'],
  comment: ['comments', 'who may write'],
};

const needsOfGuard: readonly Need[] = ['changed paths', 'reviews', 'who may write'];

/**
 * Refuses rules that this forge has no facts for: they would keep everybody out without a word. Throws SluiceError `config` that names
 * the forge, the policy and the fact.
 */
export function requireTrustRoles(forge: Forge, { policies, guarded }: TrustRules): void {
  for (const policy of policies) refuseUnless(forge, needs[policy.kind], `the trust policy "${policyText(policy)}"`);
  if (guarded !== undefined) refuseUnless(forge, needsOfGuard, 'guard');
}

function refuseUnless(forge: Forge, wanted: readonly Need[], what: string): void {
  const missing = wanted.find((need) => !offered[need](forge));
  if (missing === undefined) return;
  throw new SluiceError(
    'config',
    `${what} cannot be judged by: the forge ${forge.alias} (${forge.type}) does not tell ${missing}`,
    {
      hint: `Policies that it can be judged by: ${possible(forge).join(', ')}.`,
    },
  );
}

function possible(forge: Forge): readonly string[] {
  const forms = {
    association: 'author:MEMBER',
    label: 'label:<name>',
    review: 'review:writer',
    comment: 'comment:/<command>',
  };
  const more = (['association', 'label', 'review', 'comment'] as const).filter((kind) =>
    needs[kind].every((need) => offered[need](forge)),
  );
  return ['internal', 'author:<login>', ...more.map((kind) => forms[kind])];
}

function policyText(policy: TrustPolicy): string {
  switch (policy.kind) {
    case 'association':
      return `author:${policy.association}`;
    case 'login':
      return `author:${policy.login}`;
    case 'label':
      return `label:${policy.label}`;
    case 'comment':
      return `comment:${policy.command}`;
    default:
      return policy.kind;
  }
}
