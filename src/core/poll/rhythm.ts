import type { LookFailure } from './look.ts';
import { nextLookDelay } from './schedule.ts';

/** What the last look means for the next ones. */
export interface Beat {
  /** Until the next look. */
  readonly delayMs: number;
  /** Until the forge is asked again; a forge's API that fails makes only its own questions rarer. */
  readonly forgeDelayMs: number;
  /** The remote or the forge, which had failed, has answered. */
  readonly recovered: boolean;
}

export interface Rhythm {
  /** Whether the next look asks the forge too. */
  asksForge(): boolean;
  /** To be called after each look. */
  next(failures: readonly LookFailure[]): Beat;
}

/** When one remote is looked at, and its forge asked, so that neither is stormed while it fails. */
export function openRhythm(intervalMs: number, random: () => number): Rhythm {
  const remote = { failures: 0 };
  const forge = { failures: 0, rests: 0 };

  function next(failures: readonly LookFailure[]): Beat {
    const ofRemote = failures.filter(({ from }) => from === 'remote');
    const ofForge = failures.filter(({ from }) => from === 'forge');
    const lot = random();
    const askedForge = forge.rests === 0;
    const recovered =
      (remote.failures > 0 && ofRemote.length === 0) ||
      (askedForge && ofRemote.length === 0 && forge.failures > 0 && ofForge.length === 0);
    remote.failures = ofRemote.length === 0 ? 0 : remote.failures + 1;
    const delay = (count: number, failed: readonly LookFailure[]) =>
      nextLookDelay({ intervalMs, failures: count, retryAfterMs: longestAsked(failed), random: lot });
    const delayMs = delay(remote.failures, ofRemote);
    if (!askedForge) {
      forge.rests -= 1;
      return { delayMs, forgeDelayMs: delayMs, recovered };
    }
    // A look that failed before it came to the forge says nothing of it.
    if (ofRemote.length === 0) forge.failures = ofForge.length === 0 ? 0 : forge.failures + 1;
    const forgeDelayMs = Math.max(delayMs, delay(forge.failures, ofForge));
    if (ofForge.length > 0) forge.rests = Math.max(0, Math.ceil(forgeDelayMs / intervalMs) - 1);
    return { delayMs, forgeDelayMs, recovered };
  }

  return { asksForge: () => forge.rests === 0, next };
}

function longestAsked(failures: readonly LookFailure[]): number {
  return Math.max(0, ...failures.map(({ error }) => error.retryAfterMs ?? 0));
}
