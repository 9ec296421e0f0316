import type { GateFacts } from '../model/gate-facts.ts';
import type { Verdict } from '../model/verdict.ts';
import { factsOf } from './facts.ts';
import type { Judged } from './judge-push.ts';
import { isFinal, missing } from './verdict.ts';

export interface WaitOptions {
  /** How long to go on asking, in milliseconds; 0: ask once. */
  readonly waitMs: number;
  /** Asks; `again`: what was kept does not answer it. */
  readonly ask: (again: boolean) => Promise<Judged>;
  /** What is missing, whenever that changed, and when it will be asked again. */
  readonly tell?: ((judged: Judged, nextMs: number) => void | Promise<void>) | undefined;
  /** A clock that only goes forward, in milliseconds. */
  readonly now: () => number;
  /** Rejects when interrupted. */
  readonly sleep: (ms: number) => Promise<void>;
}

const shortestMs = 2_000;
const longestMs = 30_000;

/**
 * Asks until the verdict is final or the time is over; then the last verdict stands, whatever it is. The pauses grow while nothing
 * happens, and are never shorter than a forge asked for.
 */
export async function waitForVerdict({ waitMs, ask, tell, now, sleep }: WaitOptions): Promise<Judged> {
  const end = now() + waitMs;
  let judged = await ask(false);
  let told = '';
  let pauseMs = shortestMs;
  while (!isFinal(judged.verdict)) {
    const state = fingerprint(judged.verdict);
    pauseMs = state === told ? Math.min(pauseMs * 1.5, longestMs) : shortestMs;
    const left = end - now();
    const asked = longestRetryAfter(judged.facts);
    // Asking before the forge allows it is how clients get banned; so the wait ends early.
    if (left <= 0 || asked > left) return judged;
    const nextMs = Math.min(Math.max(pauseMs, asked), left);
    if (state !== told) await tell?.(judged, nextMs);
    told = state;
    await sleep(nextMs);
    judged = await ask(true);
  }
  return judged;
}

function fingerprint(verdict: Verdict): string {
  return missing(verdict)
    .map(({ status, sentence }) => `${status} ${sentence}`)
    .join('\n');
}

function longestRetryAfter({ forks }: GateFacts): number {
  const unknown = forks.flatMap(factsOf).flatMap((fact) => ('unknown' in fact ? [fact.unknown] : []));
  return Math.max(0, ...unknown.map(({ retryAfterMs }) => retryAfterMs ?? 0));
}
