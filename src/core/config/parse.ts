import type { Place } from './lines.ts';

/** A parsed text, or why it cannot be parsed; the message never quotes the text, which may hold a secret. */
export interface Parsed {
  readonly value: unknown;
  readonly syntaxError: { readonly message: string; readonly place: Place | undefined } | undefined;
}

export async function parseYaml(text: string): Promise<Parsed> {
  const { load, YAMLException } = await import('js-yaml');
  // Nothing but blanks and comments is a configuration that sets nothing; js-yaml calls it an error.
  if (text.split('\n').every((line) => /^\s*(?:#|$)/.test(line))) return { value: undefined, syntaxError: undefined };
  try {
    return { value: load(text), syntaxError: undefined };
  } catch (error) {
    if (!(error instanceof YAMLException))
      return { value: undefined, syntaxError: { message: 'is not valid YAML', place: undefined } };
    const { mark, reason } = error;
    const place = mark === undefined ? undefined : { line: mark.line + 1, column: mark.column + 1 };
    return { value: undefined, syntaxError: { message: `is not valid YAML: ${withoutQuotes(reason)}`, place } };
  }
}

export async function parseJson(text: string): Promise<Parsed> {
  try {
    return { value: JSON.parse(text), syntaxError: undefined };
  } catch {
    // V8 quotes the text instead of naming the place; for most slips the YAML parser stumbles at the same one.
    const place = (await parseYaml(text)).syntaxError?.place;
    return { value: undefined, syntaxError: { message: 'is not valid JSON', place } };
  }
}

function withoutQuotes(reason: string): string {
  return reason.replace(/\s*(?:"[^"]*"|'[^']*'|<[^>]*>)/g, '');
}
