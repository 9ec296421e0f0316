import type { Oid, RefName } from './ref.ts';

/** `failure`: the pipeline said no. `error`: it could not be run or did not come to an end. Not every forge tells them apart. */
export type StatusState = 'pending' | 'running' | 'success' | 'failure' | 'error';

/** What one context (a pipeline) says about one commit, shown beside it on the forge. */
export interface CommitStatus {
  readonly sha: Oid;
  readonly state: StatusState;
  /** Which of a commit's statuses this is, for example `sluice/test`. */
  readonly context: string;
  /** For people; it may be of any length and hold anything, such as the last line of a log. */
  readonly description: string;
  /** http(s) page with more about it. */
  readonly targetUrl?: string;
  /** The ref that was built; some forges show a status only beside the ref that it names. */
  readonly ref?: RefName;
}

// Line breaks and control characters, which forges refuse or show as holes, and marks that turn the direction of the text
// around them (https://trojansource.codes). The joiner of emoji (U+200D) stays.
const unseen = /[\s\p{Cc}\u200E\u200F\u202A-\u202E\u2066-\u2069\uFEFF]+/gu;

let segmenter: Intl.Segmenter | undefined;

/** Made when it is needed: its rules take some milliseconds to load, and most runs cut nothing. */
function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('en', { granularity: 'grapheme' });
  return segmenter.segment(text);
}

/** Any text as one line of well-formed Unicode without control characters. */
export function plainLine(text: string): string {
  return text.toWellFormed().replace(unseen, ' ').trim();
}

/** The text as one line of at most `limit` UTF-16 units: a longer one ends in "…", and never in a part of a grapheme. */
export function cutDescription(text: string, limit: number): string {
  const line = plainLine(text);
  if (line.length <= limit) return line;
  let cut = '';
  for (const { segment } of graphemesOf(line.slice(0, limit + 1))) {
    if (cut.length + segment.length > limit - 1) break;
    cut += segment;
  }
  return `${cut.trimEnd()}…`;
}

/** The text without graphemes outside the Basic Multilingual Plane (most emoji), for forges that refuse them. */
export function withoutAstral(text: string): string {
  if (!/[\u{10000}-\u{10FFFF}]/u.test(text)) return text;
  const kept = Array.from(graphemesOf(text), ({ segment }) => segment).filter(
    (segment) => !/[\u{10000}-\u{10FFFF}]/u.test(segment),
  );
  return kept.join('');
}
