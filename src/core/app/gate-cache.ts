import { uptime } from 'node:os';
import { join } from 'node:path';
import type { GateConfig } from '../config/config.ts';
import { openFactCache } from '../gate/cache.ts';
import { decodeForkFacts } from '../gate/decode.ts';
import type { Recall } from '../gate/ports.ts';
import { type KeptAnswers, keptInMemory } from '../http/kept-answers.ts';
import { keptInFiles } from '../http/kept-files.ts';
import type { CommandContext } from '../plugins/command.ts';
import { privateFiles } from '../private-files.ts';
import { cacheDirectory } from './git.ts';

/** What a gate remembers of earlier ones. */
export interface GateCache {
  /** Facts that are a few seconds old; undefined: switched off. */
  readonly recall: Recall | undefined;
  /** Answers that the forge is asked to confirm. */
  readonly kept: KeptAnswers;
}

const dayMs = 24 * 60 * 60 * 1000;
const mostAnswers = { files: 256, bytes: 32 * 1024 * 1024 };

/** Without a time to live nothing is written: answers are kept for `--wait` alone, in this process. */
export function openGateCache(context: CommandContext, { cacheTtlMs }: GateConfig): GateCache {
  if (cacheTtlMs === 0) return { recall: undefined, kept: keptInMemory() };
  const dir = join(cacheDirectory(context, undefined), 'gate');
  const now = Date.now;
  const warn = (sentence: string) => context.log.warn(sentence);
  const recall = openFactCache({
    files: privateFiles({ dir, keepMs: cacheTtlMs, now }),
    ttlMs: cacheTtlMs,
    now,
    uptime: () => uptime() * 1000,
    decode: decodeForkFacts,
    warn,
  });
  const files = privateFiles({ dir: join(dir, 'answers'), keepMs: dayMs, most: mostAnswers, now });
  return { recall, kept: keptInMemory(keptInFiles(files, warn)) };
}
