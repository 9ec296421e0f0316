import { redact } from '../../../secret.ts';
import { type Segment, styleAfter, styleLine } from '../ansi/segments.ts';
import { plainStyle, type TextStyle } from '../ansi/style.ts';
import { visible } from '../html.ts';

export interface LogLine {
  /** From 1, in the whole log. */
  readonly number: number;
  readonly segments: readonly Segment[];
}

/** Characters of a line that a page shows; the rest is in the raw log. */
export const lineCharacters = 8 * 1024;

/** Turns bytes of a log into lines, in order; it keeps the colours from one line to the next. */
export interface LineReader {
  /** The bytes must end with a line, or at the end of the log: what has no line feed is a line too. */
  read(bytes: Uint8Array): readonly LogLine[];
  /** The same, without going on: the next call begins at the same place. */
  peek(bytes: Uint8Array): readonly LogLine[];
}

/** `before`: bytes that lie before the first line, read only for the colours they leave behind. */
export function createLineReader(firstNumber: number, before: Uint8Array): LineReader {
  let number = firstNumber;
  let style = styleAfter(decode(before), plainStyle);

  function linesOf(bytes: Uint8Array): { readonly lines: readonly LogLine[]; readonly style: TextStyle } {
    const text = redact(decode(bytes));
    if (text === '') return { lines: [], style };
    let current = style;
    const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n').map((line, index) => {
      const styled = styleLine(line, current);
      current = styled.style;
      return { number: number + index, segments: shorten(styled.segments) };
    });
    return { lines, style: current };
  }

  return {
    peek: (bytes) => linesOf(bytes).lines,
    read(bytes) {
      const read = linesOf(bytes);
      style = read.style;
      // A line that was broken because it is too long keeps its number.
      number += read.lines.length - (read.lines.length > 0 && bytes.at(-1) !== 0x0a ? 1 : 0);
      return read.lines;
    },
  };
}

function decode(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8');
}

function shorten(segments: readonly Segment[]): readonly Segment[] {
  const shown: Segment[] = [];
  let left = lineCharacters;
  let cut = 0;
  for (const segment of segments) {
    const text = segment.text.slice(0, left);
    left -= text.length;
    cut += segment.text.length - text.length;
    if (text !== '') shown.push({ text: visible(text), classes: segment.classes });
  }
  return cut === 0 ? shown : [...shown, { text: ` … ${cut} more characters in the raw log`, classes: 'cut' }];
}
