/** Headers whose value proves who sent it, or is a password: nobody needs it to understand a delivery. */
const telling = /token|secret|signature|authorization|cookie|password|api-?key|credential/i;

/** Sorted by name, with credentials and signatures replaced. */
export function readableHeaders(headers: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(headers)
    .map(([name, value]) => [name, telling.test(name) ? '[redacted]' : value] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Bytes of a body that a page shows, and up to which it is worth laying JSON out. */
const shownBytes = 256 * 1024;
const parsedBytes = 1024 * 1024;

/** JSON laid out for people, also out of the form field in which GitHub may send it; anything else, and what is long, as it is. */
export function readableBody(body: Uint8Array): string {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const text = bytes.length > parsedBytes ? undefined : laidOut(bytes.toString('utf8'));
  const whole = text ?? bytes.subarray(0, shownBytes).toString('utf8');
  const length = text?.length ?? bytes.length;
  return length <= shownBytes ? whole : `${whole.slice(0, shownBytes)}\n… the rest is in the download`;
}

function laidOut(text: string): string | undefined {
  const json = text.startsWith('payload=') ? (new URLSearchParams(text).get('payload') ?? '') : text;
  try {
    return JSON.stringify(JSON.parse(json), undefined, 2);
  } catch {
    return undefined;
  }
}
