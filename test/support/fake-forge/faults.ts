/**
 * What a fake forge can be told to do instead of answering. A fault holds for the requests whose method and path match,
 * `times` times (default: for ever), and the first one that matches wins.
 */
export interface FaultRule {
  readonly method?: string;
  /** Tested against path and query as sent: `/api/v1/repos/acme/app/pulls?page=2`. Default: every request. */
  readonly path?: RegExp;
  readonly times?: number;
  readonly fault: Fault;
}

export type Fault =
  /** A whole answer in place of the real one; an object body is sent as JSON. */
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: unknown;
    }
  /** The real status with a login page for a body. */
  | { readonly kind: 'html' }
  /** The first half of the real JSON, complete as far as HTTP can tell. */
  | { readonly kind: 'half-json' }
  /** The real answer with every string turned into a number and every number into a string. */
  | { readonly kind: 'wrong-types' }
  /** The real headers and half of the real body, then the connection is reset. */
  | { readonly kind: 'cut' }
  /** The connection is reset before any answer. */
  | { readonly kind: 'reset' }
  /** Never an answer; the connection stays open until the fake is closed. */
  | { readonly kind: 'hang' }
  /** The real answer whose pointer to the next page is this URL instead (`self`: the page's own URL, a loop). */
  | { readonly kind: 'next-page'; readonly url: string };

export interface FaultPlan {
  add(rule: FaultRule): void;
  /** The fault for this request, used up by one when it is limited. */
  take(method: string, path: string): Fault | undefined;
  clear(): void;
}

export function createFaultPlan(): FaultPlan {
  const rules: { rule: FaultRule; left: number }[] = [];
  return {
    add(rule) {
      rules.push({ rule, left: rule.times ?? Number.POSITIVE_INFINITY });
    },
    take(method, path) {
      const match = rules.find(
        ({ rule, left }) =>
          left > 0 && (rule.method === undefined || rule.method === method) && (rule.path?.test(path) ?? true),
      );
      if (match === undefined) return undefined;
      match.left -= 1;
      return match.rule.fault;
    },
    clear() {
      rules.length = 0;
    },
  };
}

/** For `wrong-types`: the same shape with strings and numbers swapped; booleans and null stay. */
export function swapTypes(value: unknown): unknown {
  if (typeof value === 'string') return 7;
  if (typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(swapTypes);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, swapTypes(inner)]));
}
