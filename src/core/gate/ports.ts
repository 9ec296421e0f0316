import type { Forge } from '../forges/forge.ts';
import type { ForkFacts } from '../model/gate-facts.ts';

/** An internal repository in which the change request is looked up. */
export interface GateFork {
  /** As the user writes it: `int:security/app`. */
  readonly name: string;
  /** Its path on the forge. */
  readonly repo: string;
  /** Digest of the forge's API, the repository and the credential; undefined: what it answers is never kept. */
  readonly cacheKey: string | undefined;
  /** Loads the forge's code; throws SluiceError `config` or `usage` when it cannot be used at all. */
  open(): Promise<GateForge>;
}

export type GateForge = Pick<
  Forge,
  'alias' | 'words' | 'changeSearch' | 'reviews' | 'checks' | 'commits' | 'members' | 'codeOwners' | 'survey'
>;

/** Answers from what was kept of the same question, or asks. `question` is all that decides the answer beside the fork. */
export type Recall = (fork: GateFork, question: string, ask: () => Promise<ForkFacts>) => Promise<ForkFacts>;

export interface GatePorts {
  readonly forks: readonly GateFork[];
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** Limit of one asking of all forks together. */
  readonly timeoutMs: number;
  readonly recall?: Recall | undefined;
}
