import { nearestColour } from './palette.ts';

/** How text looks; colours are numbers of the 256-colour palette, undefined is the terminal's own. */
export interface TextStyle {
  readonly foreground: number | undefined;
  readonly background: number | undefined;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly strike: boolean;
  readonly inverse: boolean;
}

export const plainStyle: TextStyle = {
  foreground: undefined,
  background: undefined,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
  inverse: false,
};

/**
 * The style after a Select Graphic Rendition (ECMA-48, 8.3.117; colours as xterm's ctlseqs has them, with `;` or `:`). Codes that are
 * not known change nothing; "concealed" (8) is one of them on purpose: a log hides nothing.
 */
export function applyRendition(style: TextStyle, parameters: string): TextStyle {
  const codes = parameters === '' ? ['0'] : parameters.split(';');
  let next = style;
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? '';
    const target = colourTargets[code.split(':', 1)[0] ?? ''];
    if (target === undefined) {
      next = code.includes(':') ? underlineShape(next, code) : applyCode(next, Number(code));
      continue;
    }
    const { colour, used } = code.includes(':') ? colonColour(code) : semicolonColour(codes, at + 1);
    if (target !== 'underline' && colour !== undefined) next = { ...next, [target]: colour };
    at += used;
  }
  return next;
}

/** Codes that a colour follows. That of an underline is read over, so that its numbers are not taken for codes. */
const colourTargets: Readonly<Record<string, 'foreground' | 'background' | 'underline'>> = {
  38: 'foreground',
  48: 'background',
  58: 'underline',
};

const switches: Readonly<Record<number, Partial<TextStyle>>> = {
  1: { bold: true },
  2: { dim: true },
  3: { italic: true },
  4: { underline: true },
  7: { inverse: true },
  9: { strike: true },
  21: { underline: true },
  22: { bold: false, dim: false },
  23: { italic: false },
  24: { underline: false },
  27: { inverse: false },
  29: { strike: false },
  39: { foreground: undefined },
  49: { background: undefined },
};

function applyCode(style: TextStyle, code: number): TextStyle {
  if (code === 0) return plainStyle;
  if (code >= 30 && code <= 37) return { ...style, foreground: code - 30 };
  if (code >= 40 && code <= 47) return { ...style, background: code - 40 };
  if (code >= 90 && code <= 97) return { ...style, foreground: code - 90 + 8 };
  if (code >= 100 && code <= 107) return { ...style, background: code - 100 + 8 };
  const change = switches[code];
  return change === undefined ? style : { ...style, ...change };
}

/** `4:0` is no underline, `4:3` a curly one. */
function underlineShape(style: TextStyle, code: string): TextStyle {
  return /^4:\d$/.test(code) ? { ...style, underline: code !== '4:0' } : style;
}

interface Colour {
  readonly colour: number | undefined;
  /** Parameters that belong to it, after the selector's own. */
  readonly used: number;
}

function semicolonColour(codes: readonly string[], at: number): Colour {
  if (codes[at] === '5') return { colour: byteOf(codes[at + 1]), used: 2 };
  if (codes[at] === '2') return { colour: trueColour(codes.slice(at + 1, at + 4)), used: 4 };
  return { colour: undefined, used: 0 };
}

/** `38:5:N`, `38:2:R:G:B` and, as the standard wants it, `38:2:SPACE:R:G:B`. */
function colonColour(code: string): Colour {
  const parts = code.split(':');
  if (parts[1] === '5') return { colour: byteOf(parts[2]), used: 0 };
  if (parts[1] === '2') return { colour: trueColour(parts.slice(parts.length > 5 ? 3 : 2)), used: 0 };
  return { colour: undefined, used: 0 };
}

function trueColour(parts: readonly string[]): number | undefined {
  const [red, green, blue] = [byteOf(parts[0]), byteOf(parts[1]), byteOf(parts[2])];
  return red === undefined || green === undefined || blue === undefined ? undefined : nearestColour(red, green, blue);
}

function byteOf(text: string | undefined): number | undefined {
  const value = text === undefined || !/^\d{1,3}$/.test(text) ? 256 : Number(text);
  return value > 255 ? undefined : value;
}
