import { applyRendition, type TextStyle } from './style.ts';

/** Text of one look; `classes` is empty for the terminal's own. */
export interface Segment {
  readonly text: string;
  readonly classes: string;
}

export interface StyledLine {
  readonly segments: readonly Segment[];
  /** The style in which the next line begins. */
  readonly style: TextStyle;
}

/**
 * Tokens of a line, tried in this order: SGR (the only sequence with a meaning on a page); other control sequences; strings for the
 * terminal (titles, links, device control), also unterminated ones; any other escape; what is left of control characters; marks that
 * turn the text's direction. Every alternative consumes what it looked at, so that hostile input costs linear time.
 */
const tokens =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are made of them
  /(?:\x1b\[|\x9b)([0-9;:]*)m|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?|[\x00-\x08\x0b-\x1f\x7f-\x9f]+|[\u202a-\u202e\u2066-\u2069]/g;

/**
 * One line of output, without its line feed, as text of several looks. Of a line that was drawn over and over again (progress bars) only
 * the last drawing is left. Nothing but SGR survives of the escape sequences.
 */
export function styleLine(line: string, start: TextStyle): StyledLine {
  const segments: Segment[] = [];
  let style = start;
  let pending = '';
  const shown = lastDrawing(line);
  if (shown.skipped !== '') style = styleAfter(shown.skipped, style);
  let at = 0;
  for (const match of shown.text.matchAll(tokens)) {
    pending += shown.text.slice(at, match.index);
    at = match.index + match[0].length;
    if (/^[\u202a-\u202e\u2066-\u2069]/.test(match[0])) pending += '\ufffd';
    if (match[1] === undefined) continue;
    const next = applyRendition(style, match[1]);
    if (pending !== '' && classesOf(next) !== classesOf(style)) {
      segments.push({ text: pending, classes: classesOf(style) });
      pending = '';
    }
    style = next;
  }
  pending += shown.text.slice(at);
  if (pending !== '') segments.push({ text: pending, classes: classesOf(style) });
  return { segments, style };
}

/** The style after text that nobody sees, for example the part of a log before the first line of a page. */
export function styleAfter(text: string, start: TextStyle): TextStyle {
  let style = start;
  for (const match of text.matchAll(tokens)) if (match[1] !== undefined) style = applyRendition(style, match[1]);
  return style;
}

/** What follows the last carriage return that something was drawn after. */
function lastDrawing(line: string): { readonly skipped: string; readonly text: string } {
  let end = line.length;
  while (line[end - 1] === '\r') end--;
  const text = line.slice(0, end);
  const at = text.lastIndexOf('\r') + 1;
  return { skipped: text.slice(0, at), text: text.slice(at) };
}

/** Names of the style sheet: `f1` `g4` are colours, `fi` `gi` the terminal's own exchanged. */
function classesOf(style: TextStyle): string {
  const { bold, dim, italic, underline, strike, inverse } = style;
  const [foreground, background] = inverse
    ? [style.background ?? 'i', style.foreground ?? 'i']
    : [style.foreground, style.background];
  const names = [
    foreground !== undefined && `f${foreground}`,
    background !== undefined && `g${background}`,
    bold && 'b',
    dim && 'd',
    italic && 'i',
    underline && 'u',
    strike && 's',
  ];
  return names.filter((name) => name !== false).join(' ');
}
