import type { RawAnswer } from './exchange.ts';
import { oneLine } from './words.ts';

/** A decoded body, or in one sentence why there is none. */
export type Decoded<T> = { readonly value: T | undefined } | { readonly problem: string };

/** An empty body decodes to undefined. Whatever `decode` throws is told as the answer's problem. */
export function decodeBody<T>(answer: RawAnswer, decode: (value: unknown) => T): Decoded<T> {
  if (answer.text.trim() === '') return { value: undefined };
  let json: unknown;
  try {
    json = JSON.parse(answer.text);
  } catch {
    return { problem: 'is not valid JSON; it may have been cut off' };
  }
  try {
    return { value: decode(json) };
  } catch (error) {
    return { problem: `does not have the expected form: ${oneLine(firstIssue(error))}` };
  }
}

// zod's message is a JSON document of every issue; the first one and its place say enough.
function firstIssue(error: unknown): string {
  const { issues, message } = error as { issues?: unknown; message?: unknown };
  const [issue] = Array.isArray(issues) ? issues : [];
  if (issue === undefined) return typeof message === 'string' ? message : String(error);
  const { path, message: said } = issue as { path?: readonly PropertyKey[]; message?: string };
  return `${path?.map(String).join('.') || 'the whole'}: ${said}`;
}
