import { redact } from '../../secret.ts';

/** Markup that is safe to put into a page as it is; only `html` and `trusted` make it. */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** What may stand in a template: texts are escaped, `false` and `undefined` are nothing, so that `condition && html`…`` works. */
export type Piece = Markup | string | number | false | undefined | readonly Piece[];

/**
 * Tag of every template of the pages. A value is escaped for text and for quoted attributes (which is how all are written), known
 * secrets in it are replaced, and so are characters that would make a page look different from what it says.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Piece[]): Markup {
  let text = strings[0] ?? '';
  for (const [index, value] of values.entries()) text += render(value) + (strings[index + 1] ?? '');
  return new Markup(text);
}

/** Markup made by this program from constants; never from a value that came from outside. */
export function trusted(text: string): Markup {
  return new Markup(text);
}

/** Text as HTML, without redaction: for callers that have already done that for the whole. */
export function escapeText(text: string): string {
  return visible(text).replace(/[&<>"']/g, (character) => entities[character] ?? '');
}

/**
 * Control characters, and the marks that turn the direction of everything after them ("Trojan Source", CVE-2021-42574), as U+FFFD:
 * a branch name may hold them, a reader must see that something is there.
 */
export function visible(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it replaces
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function render(value: Piece): string {
  if (value === undefined || value === false) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return escapeText(redact(String(value)));
}
