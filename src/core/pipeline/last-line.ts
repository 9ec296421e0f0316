import { stripVTControlCharacters } from 'node:util';
import { redact } from '../secret.ts';

const longest = 1_000;

// C0 and C1 controls, and the characters that reorder or hide text (Unicode bidi controls, zero width, line separators).
const unprintable = /[\p{Cc}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu;

/**
 * The last line of an output that says something, fit for a commit status or a table: without colours, control characters, known secrets
 * and surrounding space. A carriage return ends a line too (progress bars). At most 1,000 characters; '' when there is none.
 */
export function lastLine(output: Buffer): string {
  const text = stripVTControlCharacters(output.toString('utf8'));
  for (const line of text.split(/[\r\n]+/).reverse()) {
    // Cut last: half of a secret would not be known as one any more.
    const clean = redact(line.replace(/\t/g, ' ').replace(unprintable, '').trim());
    if (clean !== '') return [...clean].slice(0, longest).join('');
  }
  return '';
}
