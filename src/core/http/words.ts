import { redact } from '../secret.ts';
import type { RawAnswer } from './exchange.ts';

const longest = 300;

/** The forge's own explanation inside a failing answer, as one redacted line; undefined for pages and empty bodies. */
export function wordsOf(answer: Pick<RawAnswer, 'headers' | 'text'>): string | undefined {
  if (answer.text === '' || isWebPage(answer)) return undefined;
  const said = explain(parsed(answer.text)).filter((part) => part !== '');
  return said.length === 0 ? undefined : oneLine([...new Set(said)].join('; '));
}

/** A login page, a proxy's error page, a front end that took the API's path for one of its own. */
export function isWebPage({ headers, text }: Pick<RawAnswer, 'headers' | 'text'>): boolean {
  return /html/i.test(headers['content-type'] ?? '') || /^\s*</.test(text);
}

/** Any text as one line that is safe to show: no secrets, no control characters, not longer than a person reads. */
export function oneLine(text: string): string {
  const line = redact(text)
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/**
 * Strings out of the shapes in use: `{message, errors: [{message | code, field}]}` (GitHub), `{message: {path: […]}}` and
 * `{error, error_description}` (GitLab), `{error: {message, detail}}` (Bitbucket Cloud), `{errors: [{message}]}` (Data Center).
 */
function explain(value: unknown): string[] {
  if (typeof value === 'string') return [value.trim()];
  if (Array.isArray(value)) return value.flatMap(explain);
  if (typeof value !== 'object' || value === null) return [];
  const fields = value as Record<string, unknown>;
  const known = ['message', 'error', 'error_description', 'detail', 'errors'].filter((name) => fields[name] != null);
  if (known.length > 0) return known.flatMap((name) => explain(fields[name]));
  if (typeof fields.code === 'string') {
    return [[fields.resource, fields.field, fields.code].filter((part) => typeof part === 'string').join(' ')];
  }
  // GitLab's validation errors: field → sentences.
  return Object.entries(fields).flatMap(([name, inner]) => explain(inner).map((said) => `${name} ${said}`));
}
