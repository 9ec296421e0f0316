import type { PrivateFiles } from '../private-files.ts';
import { isEntityTag } from './entity-tag.ts';
import type { KeptAnswer, KeptAnswers } from './kept-answers.ts';

/**
 * In files that all processes of one user share. They are trusted as far as their owner is: who may write them may also change the hook
 * or its configuration, so what is inside is not signed.
 */
export function keptInFiles(files: PrivateFiles, warn: (sentence: string) => void): KeptAnswers {
  let warned = false;
  return {
    async find(key) {
      return keptAnswer((await files.read(key))?.value);
    },
    async keep(key, answer) {
      try {
        await files.write(key, answer);
      } catch (error) {
        if (warned) return;
        warned = true;
        const words = error instanceof Error ? error.message : String(error);
        warn(`the answers of the forge cannot be kept for the next run: ${words}`);
      }
    },
  };
}

function keptAnswer(value: unknown): KeptAnswer | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { etag, headers, text } = value as { etag?: unknown; headers?: unknown; text?: unknown };
  if (!isEntityTag(etag) || typeof text !== 'string' || !isRecordOfStrings(headers)) return undefined;
  return { etag, headers, text };
}

function isRecordOfStrings(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((entry) => typeof entry === 'string');
}
