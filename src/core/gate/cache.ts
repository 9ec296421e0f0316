import type { ForkFacts } from '../model/gate-facts.ts';
import type { PrivateFiles } from '../private-files.ts';
import { isWhole } from './facts.ts';
import type { Recall } from './ports.ts';

export interface FactCacheOptions {
  readonly files: PrivateFiles;
  /** Milliseconds; 0 switches it off. */
  readonly ttlMs: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Milliseconds since the machine was started. */
  readonly uptime: () => number;
  /** Undefined, or a throw, for what is not of the right form. */
  readonly decode: (value: unknown) => ForkFacts | undefined;
  readonly warn: (sentence: string) => void;
}

// Of the key and of what is stored: an answer of another version of sluice is not read.
const version = 4;

/**
 * Facts that were learned a few seconds ago, shared by every sluice of this user. Whatever is odd about an entry makes it a miss, and
 * only whole answers are kept: a failure is asked again the next time. The question names the commit, so that an answer about one is
 * never used for another.
 */
export function openFactCache({ files, ttlMs, now, uptime, decode, warn }: FactCacheOptions): Recall {
  async function find(key: string): Promise<ForkFacts | undefined> {
    const found = await files.read(key);
    if (found === undefined) return undefined;
    try {
      const { facts, up } = found.value as { readonly facts: unknown; readonly up: unknown };
      // By two clocks: one that is set back makes an old entry young again, and the other begins anew with the machine.
      const young = [now() - found.at, uptime() - Number(up)].every((age) => age >= 0 && age < ttlMs);
      return young ? decode(facts) : undefined;
    } catch {
      return undefined;
    }
  }

  return async ({ name, cacheKey }, question, ask) => {
    if (ttlMs <= 0 || cacheKey === undefined) return await ask();
    // The name, with the alias that the user chose, is a part of the facts.
    const key = JSON.stringify([version, cacheKey, name, question]);
    const kept = await find(key);
    if (kept !== undefined) return kept;
    const facts = await ask();
    if (!isWhole(facts)) return facts;
    try {
      await files.write(key, { facts, up: uptime() });
    } catch (error) {
      const words = error instanceof Error ? error.message : String(error);
      warn(`the answer of the forge cannot be kept for the next run: ${words}`);
    }
    return facts;
  };
}
