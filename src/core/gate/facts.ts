import { SluiceError, toSluiceError } from '../errors.ts';
import type { Fact, ForkFacts, UnknownFact } from '../model/gate-facts.ts';

const notAskedFor = 'was not asked for';

/** A fact that nobody has asked for; judging by it leaves the verdict undetermined. */
export function notAsked<T>(request: string): Fact<T> {
  return { unknown: { request, problem: notAskedFor, hint: null, retryAfterMs: null } };
}

/** Everything that a forge can tell or fail to tell of one fork. */
export function factsOf({ lookups, changes, checks, people, teams }: ForkFacts): readonly Fact<unknown>[] {
  return [
    checks,
    people,
    ...lookups.map(({ found }) => found),
    ...teams.map(({ members }) => members),
    ...changes.flatMap(({ reviews, people: writers, contains, codeOwners, upToDate }) => [
      reviews,
      writers,
      contains,
      ...[codeOwners, upToDate].filter((fact) => fact !== undefined),
    ]),
  ];
}

/** Whether everything that was asked was answered. */
export function isWhole(facts: ForkFacts): boolean {
  return factsOf(facts).every((fact) => isKnown(fact) || fact.unknown.problem === notAskedFor);
}

export function isKnown<T>(fact: Fact<T>): fact is { readonly known: T } {
  return 'known' in fact;
}

export function known<T>(value: T): Fact<T> {
  return { known: value };
}

/** Nobody was asked: the forge has no such role. */
export function cannotTell<T>(request: string, problem: string, hint: string): Fact<T> {
  return { unknown: { request, problem, hint, retryAfterMs: null } };
}

/** The answer as a fact; whatever goes wrong is one that is unknown and names the request. Only an interruption is thrown. */
export async function learn<T>(request: string, ask: () => Promise<T>, signal: AbortSignal): Promise<Fact<T>> {
  try {
    return { known: await orAborted(ask(), signal) };
  } catch (thrown) {
    throwIfInterrupted(signal);
    return { unknown: unknownBecause(request, toSluiceError(signal.aborted ? signal.reason : thrown)) };
  }
}

export function unknownBecause(request: string, { message, code, hint, retryAfterMs }: SluiceError): UnknownFact {
  const bug = code === 'internal' ? 'This is a bug in sluice or in a plugin: please report it.' : null;
  return { request, problem: message, hint: hint ?? bug, retryAfterMs: retryAfterMs ?? null };
}

/** The time limit is an answer (none came); what a person interrupted is not to be judged. */
export function throwIfInterrupted({ aborted, reason }: AbortSignal): void {
  if (aborted && !isTimeOut(reason)) throw toSluiceError(reason);
}

/** A forge of a plugin may not listen to the signal; its answer would come too late anyway. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    Promise.resolve(work)
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

function isTimeOut(reason: unknown): boolean {
  return reason instanceof SluiceError && reason.code === 'timed-out';
}

/** What is unknown, as one sentence with the next step. */
export function unknownSentence({ request, problem, hint }: UnknownFact): string {
  // Messages of forges begin with what was being done; saying it twice helps nobody.
  const what = problem.includes(request) || problem.startsWith('could not ') ? problem : `${request}: ${problem}`;
  return hint === null ? what : `${what}. ${hint}`;
}
