import { digest } from '../private-files.ts';
import { isEntityTag, isSameTag } from './entity-tag.ts';
import type { Exchange, RawAnswer, Transport } from './exchange.ts';
import type { KeptAnswer, KeptAnswers } from './kept-answers.ts';
import { parseLinkHeader } from './link-header.ts';

const mostCharacters = 1_000_000;

/**
 * Asks by If-None-Match for what was answered before. A 304 costs no rate limit on GitHub and few bytes everywhere; it becomes the kept
 * answer, as if it had come again, with the headers of now (rate limits, date). Nothing is ever used unasked, so nothing is ever old.
 * https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
 */
export function revalidating(transport: Transport, kept: KeptAnswers): Transport {
  return async (exchange) => {
    if (exchange.method !== 'GET') return await transport(exchange);
    const key = keyOf(exchange);
    const found = await kept.find(key);
    const first = await transport(found === undefined ? exchange : ifChanged(exchange, found));
    const unchanged = found !== undefined && first.kind === 'answer' && first.status === 304;
    if (unchanged && isAbout(first, found)) return restored(found, first);
    // A 304 about some other answer proves nothing; without the condition there can be none.
    const outcome = unchanged ? await transport(exchange) : first;
    const answer = outcome.kind === 'answer' ? keepable(outcome, exchange.url) : undefined;
    if (answer !== undefined) await kept.keep(key, answer);
    return outcome;
  };
}

/**
 * Everything that the answer may depend on, whatever Vary says: the URL and all headers that are sent, of which one is the credential.
 * GitHub's tags are of one credential anyway.
 */
function keyOf({ url, headers }: Exchange): string {
  return digest(JSON.stringify([url.href, headers]));
}

function ifChanged(exchange: Exchange, { etag }: KeptAnswer): Exchange {
  return { ...exchange, headers: { ...exchange.headers, 'if-none-match': etag } };
}

function isAbout({ headers }: RawAnswer, { etag }: KeptAnswer): boolean {
  return headers.etag === undefined || isSameTag(headers.etag, etag);
}

function restored({ headers, text }: KeptAnswer, fresh: RawAnswer): RawAnswer {
  // What the forge says now of the next page is newer than what was kept; of the type of a body it says nothing in a 304.
  const { 'content-type': _, ...now } = fresh.headers;
  return { kind: 'answer', status: 200, headers: { ...headers, ...now }, text };
}

/** What is to be kept of an answer; undefined when a 304 could not stand for it. */
function keepable({ status, headers, text }: RawAnswer, url: URL): KeptAnswer | undefined {
  const { etag } = headers;
  if (status !== 200 || !isEntityTag(etag) || text.length > mostCharacters) return undefined;
  if (/\bno-store\b/i.test(headers['cache-control'] ?? '') || headers.vary?.trim() === '*') return undefined;
  const type = headers['content-type'] ?? '';
  if (!/^application\/(?:[\w.-]+\+)?json\b/i.test(type)) return undefined;
  const onward = onwardHeaders(headers);
  const complete = isUnbroken(text, (value) => Object.keys(onward).length > 0 || tellsItsEnd(value, url));
  return complete ? { etag, headers: { 'content-type': type, ...onward }, text } : undefined;
}

/** Those that lead to a next page. That there is none is never kept: a page may have come since. */
function onwardHeaders({ link, 'x-next-page': nextPage }: RawAnswer['headers']): Record<string, string> {
  return {
    ...(link !== undefined && parseLinkHeader(link).has('next') ? { link } : {}),
    ...(nextPage !== undefined && /^\d+$/.test(nextPage) ? { 'x-next-page': nextPage } : {}),
  };
}

// A body that was cut off on the way would be confirmed for as long as nothing changes.
function isUnbroken(text: string, isWhole: (value: unknown) => boolean): boolean {
  try {
    return isWhole(JSON.parse(text));
  } catch {
    return false;
  }
}

/**
 * Whether what comes after this body would change it. A tag is of the body alone, and GitHub sends no Link header with a 304
 * (https://github.com/app-sre/github-mirror/pull/57): when a full last page of a bare list is followed by another one, its body stays,
 * and a refusal on the new page would never be seen. A page that is at most half full is the one that would grow; half, because forges
 * leave out of a page what one may not see. Objects count or link what they hold.
 */
function tellsItsEnd(value: unknown, { searchParams }: URL): boolean {
  if (!Array.isArray(value)) return true;
  const asked = Number(searchParams.get('per_page') ?? searchParams.get('limit') ?? 0);
  return value.length * 2 <= asked;
}
