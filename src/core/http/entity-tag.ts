// Without the bytes above ASCII that RFC 9110 (8.8.3) would allow: a header is written from it.
const form = /^(?:W\/)?"[\x21\x23-\x7e]{0,500}"$/;

/** True for `"…"` and `W/"…"`. */
export function isEntityTag(text: unknown): text is string {
  return typeof text === 'string' && form.test(text);
}

/** The weak comparison, which If-None-Match is about (RFC 9110, 13.1.2): a proxy that packs the body makes a strong tag weak. */
export function isSameTag(a: string, b: string): boolean {
  return opaque(a) === opaque(b);
}

function opaque(etag: string): string {
  return etag.replace(/^W\//, '');
}
