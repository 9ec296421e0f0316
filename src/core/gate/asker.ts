import { SluiceError } from '../errors.ts';
import type { CallOptions } from '../forges/call-options.ts';
import type { ChangeQuery, SurveyedChange } from '../forges/review-roles.ts';
import type { Change } from '../model/change.ts';
import type { Check } from '../model/check.ts';
import type { OwnedPart } from '../model/code-owners.ts';
import type { CommitPersonFact, Fact, TeamFacts } from '../model/gate-facts.ts';
import { type Oid, shortOid } from '../model/ref.ts';
import type { ReviewHistory } from '../model/review.ts';
import { cannotTell, learn } from './facts.ts';
import type { GateNeeds } from './needs.ts';
import type { GateForge, GateFork } from './ports.ts';

/** The questions to one fork, each with its name and its failure as a fact. */
export interface Asker {
  /** Undefined: no survey here; ask the roles. */
  survey(query: ChangeQuery, by: string): Promise<Fact<readonly SurveyedChange[]> | undefined>;
  search(query: ChangeQuery, by: string): Promise<Fact<readonly Change[]>>;
  reviews(change: Change): Promise<Fact<ReviewHistory>>;
  checks(sha: Oid): Promise<Fact<readonly Check[]>>;
  people(sha: Oid): Promise<Fact<readonly CommitPersonFact[]>>;
  contains(change: Change): Promise<Fact<boolean>>;
  codeOwners(change: Change): Promise<Fact<readonly OwnedPart[]>>;
  upToDate(change: Change): Promise<Fact<boolean>>;
  team(team: string): Promise<TeamFacts>;
}

export interface AskerScope {
  readonly fork: GateFork;
  readonly forge: GateForge;
  readonly sha: Oid;
  readonly needs: GateNeeds;
  readonly signal: AbortSignal;
}

export function askerOf({ fork, forge, sha, needs, signal }: AskerScope): Asker {
  const { name, repo } = fork;
  const options: CallOptions = { signal };
  /** Asks a role; a forge without it, and an answer of undefined, leave the fact unknown. */
  async function ask<R, T>({ request, role, call, lacking, absent }: Question<R, T>): Promise<Fact<T>> {
    if (role === undefined) {
      const [problem, hint] = lacking ?? [
        `sluice cannot ask the forge ${forge.alias} for it`,
        'Leave out what needs it.',
      ];
      return cannotTell(request, problem, hint);
    }
    const fact = await learn(request, () => call(role), signal);
    if ('unknown' in fact) return fact;
    if (fact.known !== undefined) return { known: fact.known };
    const [problem, hint] = absent ?? ['the forge gave no answer', 'Try again later.'];
    return cannotTell(request, problem, hint);
  }
  const searching = (by: string) => `look in ${name} for the ${forge.words.change} ${by}`;
  const change = ({ number }: Change) => `${name} ${forge.words.sigil}${number}`;
  const noCommit = (commit: Oid) =>
    [`${name} does not have the commit ${shortOid(commit)}`, 'Push it there first.'] as const;
  const noBase = ({ number, base }: Change) =>
    new SluiceError(
      'not-found',
      `${name} has no branch ${base.branch}, into which ${forge.words.sigil}${number} goes`,
      {
        hint: 'Change its base. Forges also say this of what the credential may not see.',
      },
    );
  return {
    async survey(query, by) {
      const { survey } = forge;
      if (survey === undefined) return undefined;
      const fact = await learn(searching(by), () => survey.survey(repo, query, needs, options), signal);
      if ('unknown' in fact) return fact;
      return fact.known === undefined ? undefined : { known: fact.known };
    },
    search: (query, by) =>
      ask({
        request: searching(by),
        role: forge.changeSearch,
        call: (role) => role.search(repo, query, options),
      }),
    reviews: (one) =>
      ask({
        request: `list the reviews of ${change(one)}`,
        role: forge.reviews,
        call: (role) => role.list(repo, one, options),
      }),
    checks: (commit) =>
      ask({
        request: `list the checks of ${shortOid(commit)} in ${name}`,
        role: forge.checks,
        call: (role) => role.list(repo, commit, options),
      }),
    people: (commit) =>
      ask({
        request: `read who wrote ${shortOid(commit)} in ${name}`,
        role: forge.commits,
        call: (role) => role.people(repo, commit, options),
        absent: noCommit(commit),
      }),
    contains: (one) =>
      ask({
        request: `compare ${shortOid(sha)} with the head of ${change(one)}`,
        role: forge.commits,
        call: async (role) =>
          one.head.sha === undefined ? undefined : await role.isAncestor(repo, sha, one.head.sha, options),
        absent: noCommit(sha),
      }),
    codeOwners: (one) =>
      ask({
        request: `read who owns what ${shortOid(sha)} brings to ${one.base.branch} of ${name}`,
        role: forge.codeOwners,
        call: (role) => role.list(repo, one, sha, options),
        lacking: [
          `the API of the forge ${forge.alias} tells nobody who owns a path`,
          'Leave out --require-code-owners.',
        ],
        absent: [
          `${one.base.branch} of ${name} has no CODEOWNERS file`,
          'Add one to that branch, or leave out --require-code-owners.',
        ],
      }),
    upToDate: (one) =>
      ask({
        request: `find out whether ${shortOid(sha)} has all of ${one.base.branch} of ${name}`,
        role: forge.commits,
        call: async (role) => {
          const tip = await role.tip(repo, one.base.branch, options);
          if (tip === undefined) throw noBase(one);
          return await role.isAncestor(repo, tip, sha, options);
        },
        absent: noCommit(sha),
      }),
    team: async (team) => ({
      team,
      members: await ask({
        request: `list the members of ${team}`,
        role: forge.members?.team && forge.members,
        call: async (role) => role.team?.(team, options),
        lacking: [`the API of the forge ${forge.alias} tells nobody who is in a team`, 'Leave out --require-team.'],
        absent: ['there is no such team', 'Look at its spelling, and at what the credential may see.'],
      }),
    }),
  };
}

/** What is wrong, and the next step. */
type Trouble = readonly [problem: string, hint: string];

interface Question<R, T> {
  readonly request: string;
  /** Undefined: the forge has no such role. */
  readonly role: R | undefined;
  readonly call: (role: R) => Promise<T | undefined>;
  /** Where there is no role. */
  readonly lacking?: Trouble;
  /** Where the role knows of no such thing. */
  readonly absent?: Trouble;
}
