import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from './access.ts';

/** A request of somebody who may make it. */
export interface Guarded {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly admission: Admission;
}

export type GuardedHandler = (guarded: Guarded) => Promise<unknown>;

/** What a refusal looks like. */
export type Format = 'page' | 'json';
