import type { FastifyRequest } from 'fastify';
import type { DeliveryFilter, RunFilter, RunState } from '../read-model.ts';
import { deliveryResults, runStates } from '../read-model.ts';

const defaultLimit = 50;
const largestLimit = 200;
const longestText = 512;

type Query = Readonly<Record<string, unknown>>;

/** What a URL asks for. What cannot be meant (an unknown state, a negative number) is as if it were not there. */
export function queryOf(request: FastifyRequest): Query {
  return (request.query ?? {}) as Query;
}

/** One non-empty text, also where a URL has it several times. */
export function textOf(query: Query, name: string): string | undefined {
  const value = query[name];
  const first: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof first !== 'string') return undefined;
  const text = first.trim().slice(0, longestText);
  return text === '' ? undefined : text;
}

export function wholeNumberOf(query: Query, name: string): number | undefined {
  const text = textOf(query, name);
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

export function runFilterOf(query: Query): RunFilter {
  const states = textOf(query, 'state')
    ?.split(',')
    .flatMap((name): readonly RunState[] => runStates.filter((state) => state === name));
  return {
    repo: textOf(query, 'repo'),
    branch: textOf(query, 'branch'),
    states: states === undefined || states.length === 0 ? undefined : states,
    delivery: textOf(query, 'delivery'),
    ...pageOf(query),
  };
}

export function deliveryFilterOf(query: Query): DeliveryFilter {
  const result = textOf(query, 'result');
  return {
    source: textOf(query, 'source'),
    repo: textOf(query, 'repo'),
    result: deliveryResults.find((name) => name === result),
    ...pageOf(query),
  };
}

export function pageOf(query: Query): { readonly before: string | undefined; readonly limit: number } {
  const limit = wholeNumberOf(query, 'limit') ?? defaultLimit;
  return { before: textOf(query, 'before'), limit: Math.min(largestLimit, Math.max(1, limit)) };
}
