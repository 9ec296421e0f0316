import { stripVTControlCharacters } from 'node:util';
import { redact } from '../secret.ts';

/** A note or a result is a summary; the whole output is in the log. */
export const mostPublishedBytes = 64 * 1024;

const cutMark = '\n[cut]\n';

// Everything but tab and line feed that a terminal would obey instead of show, and the marks that turn the direction of the text
// around them (https://trojansource.codes).
const unprintable = /[^\P{Cc}\t\n]|[\u202A-\u202E\u2066-\u2069]/gu;

/**
 * The text as it may lie in a repository for ever (pure): well-formed, without control characters (`git log --notes` hands them to
 * the reader's terminal) and known secrets, at most 64 KB of UTF-8, with one line feed at its end; '' when nothing is left.
 */
export function publishedText(text: string): string {
  const lines = stripVTControlCharacters(text.toWellFormed()).replace(/\r\n?/g, '\n').replace(unprintable, '');
  const clean = redact(lines).trimEnd();
  if (clean === '') return '';
  const bytes = Buffer.from(clean);
  if (bytes.length < mostPublishedBytes) return `${clean}\n`;
  // `stream: true` holds back a character that the cut has split.
  const kept = bytes.subarray(0, mostPublishedBytes - cutMark.length);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(kept, { stream: true }) + cutMark;
}
