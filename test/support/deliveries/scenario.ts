import { createHmac } from 'node:crypto';

/** What happens on a forge, in our words; every forge's builder makes its own payload of it. */
export type Scenario =
  | { readonly kind: 'ping' }
  | { readonly kind: 'push'; readonly ref: string; readonly before?: string; readonly after?: string }
  | {
      readonly kind: 'change';
      readonly action: 'opened' | 'updated' | 'reopened' | 'closed' | 'merged' | 'edited';
      readonly change: ScenarioChange;
    }
  | { readonly kind: 'endorsement'; readonly what: 'review' | 'comment' | 'label'; readonly number: number }
  | {
      readonly kind: 'check';
      readonly sha: string;
      readonly branch: string;
      readonly name: string;
      readonly state: 'pending' | 'running' | 'success' | 'failure';
    };

export interface ScenarioChange {
  readonly number: number;
  readonly title?: string;
  readonly author?: string;
  /** Undefined: the fork was deleted. */
  readonly headRepo: string | undefined;
  readonly headBranch: string;
  readonly headSha: string;
  readonly baseBranch?: string;
  readonly baseSha?: string;
  readonly draft?: boolean;
}

export interface ScenarioPlace {
  /** Path of the base repository on the forge. */
  readonly repo: string;
  /** Origin of the forge's pages. */
  readonly webUrl: string;
  /** Who does it. */
  readonly actor: string;
}

/** A delivery before it is signed: the forge's word for the event, and its payload. */
export interface Payload {
  readonly event: string;
  readonly body: unknown;
}

export type PayloadBuilder = (scenario: Scenario, place: ScenarioPlace) => Payload;

/** One delivery as it goes over the wire. */
export interface Delivery {
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export const zeros = '0'.repeat(40);

export function hmacHex(body: Uint8Array, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** A number that stands for a path, the same in every payload. */
export function idOf(path: string): number {
  return Number.parseInt(hmacHex(Buffer.from(path), 'id').slice(0, 7), 16);
}

export function stateOf(action: string): 'open' | 'closed' | 'merged' {
  if (action === 'merged') return 'merged';
  return action === 'closed' ? 'closed' : 'open';
}
