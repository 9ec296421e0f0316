/**
 * A credential that cannot be printed by accident: it shows as `[secret]` in strings, JSON and inspection, and its value is
 * known to `redact`, which guards every log line, error message and page against values that came in by another way
 * (a remote that echoes the request, a stack trace).
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    rememberSecret(value);
  }

  /** The value itself; call it only where it leaves for its destination. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return '[secret]';
  }
}

const known = new Set<string>();

// Shorter values would blank out ordinary words; no forge issues credentials this short.
const shortest = 6;

/** Makes `redact` hide this value from now on; for derived forms (base64 of user:password, a signed token). */
export function rememberSecret(value: string): void {
  if (value.length < shortest) return;
  known.add(value);
  const encoded = encodeURIComponent(value);
  if (encoded !== value) known.add(encoded);
}

/** The text with every known secret, and every password inside a URL, replaced by `[secret]`. */
export function redact(text: string): string {
  let clean = text.replace(/\b([a-z][a-z0-9+.-]*:\/\/[^\s:@/]*):[^\s@/]+@/gi, '$1:[secret]@');
  for (const value of [...known].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(value, '[secret]');
  return clean;
}
