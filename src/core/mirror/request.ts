import type { Endpoint } from '../git/endpoint.ts';
import type { GitContext } from '../git/remote.ts';
import type { Transfer } from '../git/transfer/transfer.ts';
import type { Ancestry, Move } from '../model/move.ts';
import type { ObjectFormat } from '../model/ref.ts';
import type { ListRefs } from './changes.ts';
import type { UpdatePolicy } from './plan.ts';
import type { RetryOptions } from './retry.ts';
import type { Selection } from './select.ts';
import type { Template } from './template.ts';

/** One mirror run, normalised: what the flags, the configuration or a webhook asked for. */
export interface MirrorRequest {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly selection: Selection;
  /** `--include-internal`. */
  readonly includeInternal: boolean;
  readonly template: Template | undefined;
  readonly update: UpdatePolicy;
  readonly prune: boolean;
  readonly atomic: boolean;
  /** Refs per push. */
  readonly batch: number;
  readonly create: boolean;
  readonly verify: boolean;
  readonly dryRun: boolean;
}

/** The effects that a mirror run needs; the composition root fills them. */
export interface MirrorPorts {
  readonly context: GitContext;
  readonly list: ListRefs;
  /** Ways to move objects, best first. */
  readonly transfers: readonly Transfer[];
  readonly proveAncestry: (
    from: Endpoint,
    format: ObjectFormat,
    moves: readonly Move[],
  ) => Promise<ReadonlyMap<string, Ancestry>>;
  readonly createRepository: (
    to: Endpoint,
    like: { readonly from: Endpoint; readonly format: ObjectFormat },
  ) => Promise<void>;
  readonly retry: RetryOptions;
  readonly debug: (message: string, fields?: Readonly<Record<string, unknown>>) => void;
}
