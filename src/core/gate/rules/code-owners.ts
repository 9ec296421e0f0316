import { type Account, sameLogin } from '../../model/account.ts';
import type { CodeOwner, OwnedPart } from '../../model/code-owners.ts';
import type { Fact, TeamFacts, UnknownFact } from '../../model/gate-facts.ts';
import type { Verdict } from '../../model/verdict.ts';
import { isKnown, notAsked, unknownSentence } from '../facts.ts';
import { all, leaf, undetermined, unlearned } from '../verdict.ts';
import type { Opinion } from './opinions.ts';
import { personName } from './person-name.ts';

export interface OwnersScope {
  readonly opinions: readonly Opinion[];
  /** Members of the teams that own a part. */
  readonly teams: readonly TeamFacts[];
  readonly url: string;
}

const rule = 'code-owners';

/** Every part of the change that has owners needs approvals by them, of the same kind as all that count. */
export function judgeCodeOwners(fact: Fact<readonly OwnedPart[]>, scope: OwnersScope): Verdict {
  const { url } = scope;
  if (!isKnown(fact)) return unlearned(rule, fact.unknown, url);
  if (fact.known.length === 0) {
    return leaf({ rule, status: 'approved', sentence: 'no path that has code owners was changed', url });
  }
  const node = { rule, sentence: 'the code owners of everything that was changed approved', url };
  return all(
    node,
    fact.known.map((part) => partLeaf(part, scope)),
  );
}

/** An opinion that can help, and whether it is by an owner; `doubt`: why that is not known. */
interface Voice {
  readonly opinion: Extract<Opinion, { readonly kind: 'counts' | 'uncertain' }>;
  readonly owner: { readonly known: boolean } | { readonly doubt: string };
}

function partLeaf(part: OwnedPart, { opinions, teams, url }: OwnersScope): Verdict {
  const voices = opinions.flatMap((opinion): readonly Voice[] => {
    if (opinion.kind !== 'counts' && opinion.kind !== 'uncertain') return [];
    return [{ opinion, owner: ownerOf(opinion.by, part.owners, teams) }];
  });
  const certain = voices.filter(({ opinion, owner }) => opinion.kind === 'counts' && 'known' in owner && owner.known);
  const what = describe(part);
  const node = 'code-owner';
  if (certain.length >= part.required) {
    const names = certain.map(({ opinion }) => personName(opinion.by)).join(', ');
    return leaf({ rule: node, status: 'approved', sentence: `${names} approved ${what}`, url });
  }
  const possible = voices.filter(({ owner }) => 'doubt' in owner || owner.known);
  const doubtful = possible.find((voice) => !certain.includes(voice));
  if (doubtful !== undefined && possible.length >= part.required) {
    return undetermined(node, `whether an owner approved ${what} is not known: ${doubtOf(doubtful)}`, url);
  }
  const count = part.required - certain.length;
  const wanted = count === 1 ? 'an approval' : `${count} approvals`;
  const sentence = `${wanted} of ${what} by ${whom(part.owners)} ${count === 1 ? 'is' : 'are'} needed${uncounted(part, opinions)}`;
  return leaf({ rule: node, status: 'pending', sentence, url });
}

function doubtOf({ opinion, owner }: Voice): string {
  if ('doubt' in owner) return owner.doubt;
  return `${personName(opinion.by)} ${opinion.kind === 'uncertain' ? opinion.why : ''}`;
}

function ownerOf({ login }: Account, owners: readonly CodeOwner[], teams: readonly TeamFacts[]): Voice['owner'] {
  if (owners.some((owner) => owner.kind === 'login' && sameLogin(owner.login, login))) return { known: true };
  let unknown: UnknownFact | undefined;
  for (const owner of owners) {
    if (owner.kind !== 'team') continue;
    const members = membersOf(owner.team, teams);
    if (!isKnown(members)) unknown ??= members.unknown;
    else if (members.known.some((member) => sameLogin(member, login))) return { known: true };
  }
  if (unknown !== undefined) return { doubt: unknownSentence(unknown) };
  const address = owners.find((owner) => owner.kind === 'email');
  if (address === undefined) return { known: false };
  return { doubt: `no forge says whose account ${address.email} is. Name the owner by login in CODEOWNERS.` };
}

function membersOf(team: string, teams: readonly TeamFacts[]): TeamFacts['members'] {
  const asked = teams.find((one) => sameLogin(one.team, team));
  return asked?.members ?? notAsked(`list the members of ${team}`);
}

const mostPaths = 3;
// GitLab names every member of a group.
const mostOwners = 5;

/** `/src/ (src/a.ts, src/b.ts and 7 more)`. */
function describe({ name, paths }: OwnedPart): string {
  if (paths.length === 0) return name;
  const more = paths.length - mostPaths;
  const shown = paths.slice(0, mostPaths).join(', ');
  return `${name} (${shown}${more > 0 ? ` and ${more} more` : ''})`;
}

function whom(owners: readonly CodeOwner[]): string {
  if (owners.length === 0) return 'a code owner (the forge lets none of them approve it)';
  const more = owners.length - mostOwners;
  const shown = owners.slice(0, mostOwners).map(ownerName);
  return [...shown, ...(more > 0 ? [`one of ${more} more`] : [])].join(' or ');
}

function ownerName(owner: CodeOwner): string {
  switch (owner.kind) {
    case 'login':
      return owner.login;
    case 'team':
      return owner.team;
    case 'email':
      return owner.email;
  }
}

/** Why the approval of an owner that a person sees on the page is none. */
function uncounted({ owners }: OwnedPart, opinions: readonly Opinion[]): string {
  return opinions
    .flatMap((opinion) => (opinion.kind === 'ignored' && opinion.approved && opinion.by !== undefined ? [opinion] : []))
    .filter(({ by }) => owners.some((owner) => owner.kind === 'login' && sameLogin(owner.login, by?.login ?? '')))
    .map(({ by, why }) => `; ${personName(by)} does not count: ${why}`)
    .join('');
}
