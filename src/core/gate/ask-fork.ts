import type { SurveyedChange } from '../forges/review-roles.ts';
import { sameLogin } from '../model/account.ts';
import type { Change } from '../model/change.ts';
import type { ChangeFacts, Fact, ForkFacts, LookupFacts } from '../model/gate-facts.ts';
import type { Oid } from '../model/ref.ts';
import { type Asker, type AskerScope, askerOf } from './asker.ts';
import { cannotTell, isKnown, known, notAsked } from './facts.ts';
import { chooseChanges, isOwn } from './lookup.ts';
import type { PreparedLookup } from './queries.ts';

export interface ForkQuestion extends AskerScope {
  readonly lookups: readonly PreparedLookup[];
}

/**
 * Asks one fork, as few times as it can. With a survey everything comes with the change request; else what depends on the commit alone
 * leaves together with the first lookup, and what depends on the change request follows. The next lookup is made only when those before
 * it found nothing.
 */
export async function askFork(question: ForkQuestion): Promise<ForkFacts> {
  const { fork, forge, needs } = question;
  const asker = askerOf(question);
  const atOnce = forge.survey === undefined;
  // Together, so that nobody stops listening to the others when one of them is interrupted.
  const [teams, early, { lookups, changes, late }] = await Promise.all([
    Promise.all(needs.teams.map(asker.team)),
    atOnce ? askCommit(question, asker, undefined) : nothingAsked,
    searchAndRead(question, asker, { andCommit: !atOnce }),
  ]);
  const owning = owningTeams(changes).filter((team) => !needs.teams.some((asked) => sameLogin(asked, team)));
  const owners = await Promise.all(owning.map(asker.team));
  const { change, sigil } = forge.words;
  const commit = atOnce ? early : late;
  const apps = forge.checks?.vouchesForApps === true;
  return {
    fork: fork.name,
    repo: fork.repo,
    words: { change, sigil },
    apps,
    lookups,
    changes,
    ...commit,
    teams: [...teams, ...owners],
  };
}

/** The teams whose members could have approved what they own; each once. Where nobody approved, nobody is asked who they are. */
function owningTeams(changes: readonly ChangeFacts[]): readonly string[] {
  const approved = changes.filter(
    ({ reviews }) => isKnown(reviews) && reviews.known.reviews.some(({ state }) => state === 'approved'),
  );
  const teams = approved
    .flatMap(({ codeOwners }) => (codeOwners !== undefined && isKnown(codeOwners) ? codeOwners.known : []))
    .flatMap(({ owners }) => owners.flatMap((owner) => (owner.kind === 'team' ? [owner.team] : [])));
  return [...new Map(teams.map((team) => [team.toLowerCase(), team])).values()];
}

type CommitFacts = Pick<ForkFacts, 'checks' | 'people'>;

const nothingAsked: CommitFacts = {
  checks: notAsked('list the checks'),
  people: notAsked('read who wrote the commit'),
};

/** The change requests, then what depends on them; with a survey also what it may have brought of the commit. */
async function searchAndRead(
  question: ForkQuestion,
  asker: Asker,
  { andCommit }: { readonly andCommit: boolean },
): Promise<Pick<ForkFacts, 'lookups' | 'changes'> & { readonly late: CommitFacts }> {
  const search = await searchInTurn(question, asker);
  const told = [...search.surveyed.values()].find(({ change }) => change.head.sha === question.sha);
  const [changes, late] = await Promise.all([
    Promise.all(search.speaking.map((change) => askChange(change, search, question, asker))),
    andCommit ? askCommit(question, asker, told) : nothingAsked,
  ]);
  return { lookups: search.lookups, changes: [...changes, ...ruledOut(search)], late };
}

/** Heads that do not contain the pushed commit: judging has to leave them out, too. */
function ruledOut({ contains, speaking }: Search): readonly ChangeFacts[] {
  const rest = [...contains].filter(([number]) => speaking.every((change) => change.number !== number));
  return rest.map(([number, fact]) => ({
    number,
    reviews: notAsked('list the reviews'),
    people: notAsked('read who wrote the head'),
    contains: fact,
  }));
}

/** What the lookups brought. */
interface Search {
  readonly lookups: readonly LookupFacts[];
  /** The change requests that are to be judged. */
  readonly speaking: readonly Change[];
  readonly surveyed: ReadonlyMap<number, SurveyedChange>;
  readonly contains: ReadonlyMap<number, Fact<boolean>>;
}

async function searchInTurn({ fork, sha, lookups, needs }: ForkQuestion, asker: Asker): Promise<Search> {
  const asked: LookupFacts[] = [];
  const surveyed = new Map<number, SurveyedChange>();
  const contains = new Map<number, Fact<boolean>>();
  const scope = { repo: fork.repo, sha, ...(needs.ancestry ? { contains: answerOf(contains) } : {}) };
  for (const { query, by } of lookups) {
    const survey = await asker.survey(query, by);
    if (survey !== undefined && isKnown(survey)) for (const one of survey.known) surveyed.set(one.change.number, one);
    const found = survey === undefined ? await asker.search(query, by) : changesOf(survey);
    asked.push({ by, found });
    if (needs.ancestry && isKnown(found)) await compareHeads(found.known, contains, { asker, repo: fork.repo, sha });
    const choice = chooseChanges(asked, scope);
    if (choice.kind === 'unknown' || (choice.kind === 'found' && choice.speaks)) break;
  }
  const choice = chooseChanges(asked, scope);
  return { lookups: asked, speaking: choice.kind === 'found' ? choice.changes : [], surveyed, contains };
}

function changesOf(survey: Fact<readonly SurveyedChange[]>): Fact<readonly Change[]> {
  return isKnown(survey) ? known(survey.known.map(({ change }) => change)) : survey;
}

function answerOf(contains: ReadonlyMap<number, Fact<boolean>>): (change: Change) => boolean | undefined {
  return ({ number }) => {
    const fact = contains.get(number);
    return fact !== undefined && isKnown(fact) ? fact.known : undefined;
  };
}

// More open change requests than this for one push are a question for a person.
const mostCompared = 10;

interface Comparing {
  readonly asker: Asker;
  readonly repo: string;
  readonly sha: Oid;
}

/** Asks for each open one with another head whether it contains the pushed commit. */
async function compareHeads(
  changes: readonly Change[],
  contains: Map<number, Fact<boolean>>,
  { asker, repo, sha }: Comparing,
): Promise<void> {
  const open = changes.filter((change) => change.state === 'open' && isOwn(change, repo));
  if (open.some(({ head }) => head.sha === sha)) return;
  const facts = open.map(async (change, at) => {
    if (at < mostCompared) return await asker.contains(change);
    return cannotTell<boolean>(
      'compare all heads',
      `${open.length} are open for this push`,
      'Close those that are done.',
    );
  });
  for (const [at, fact] of (await Promise.all(facts)).entries()) {
    const change = open[at];
    if (change !== undefined) contains.set(change.number, fact);
  }
}

/** What depends on the commit alone, from the survey where it brought that. */
async function askCommit(
  { sha, needs }: ForkQuestion,
  asker: Asker,
  told: SurveyedChange | undefined,
): Promise<CommitFacts> {
  const [checks, people] = await Promise.all([
    needs.checks ? given(told?.checks, () => asker.checks(sha)) : nothingAsked.checks,
    needs.people ? given(told?.people, () => asker.people(sha)) : nothingAsked.people,
  ]);
  return { checks, people };
}

async function askChange(
  change: Change,
  { surveyed, contains }: Search,
  { sha, needs }: ForkQuestion,
  asker: Asker,
): Promise<ChangeFacts> {
  const { number, head } = change;
  const told = surveyed.get(number);
  const other = needs.people && head.sha !== sha ? head.sha : undefined;
  const [reviews, people, codeOwners, upToDate] = await Promise.all([
    needs.reviews ? given(told?.reviews, () => asker.reviews(change)) : notAsked<never>('list the reviews'),
    other === undefined ? notAsked<never>('read who wrote the head') : given(told?.people, () => asker.people(other)),
    needs.codeOwners ? asker.codeOwners(change) : undefined,
    needs.upToDate ? asker.upToDate(change) : undefined,
  ]);
  const fact = contains.get(number) ?? notAsked<boolean>('compare the heads');
  return { number, reviews, people, contains: fact, codeOwners, upToDate };
}

async function given<T>(value: T | undefined, ask: () => Promise<Fact<T>>): Promise<Fact<T>> {
  return value === undefined ? await ask() : known(value);
}
