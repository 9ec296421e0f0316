/** What one run of one contender showed. */
export interface Sample {
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Refs that were moved, where the wall time is to be read per ref. */
  readonly refs?: number;
  readonly traffic?: Traffic;
  /** Undefined: the result was checked and is right. */
  readonly problem?: string | undefined;
}

export interface Traffic {
  readonly requests: number;
  /** Body bytes to and from the servers, headers not counted. */
  readonly up: number;
  readonly down: number;
  /** The part of `down` that is the servers' first answer (`info/refs`): with the oldest protocol, all refs. */
  readonly advert: number;
}

export interface Contender {
  readonly name: string;
  readonly kind: 'sluice' | 'peer' | 'limit';
  run(): Promise<Sample>;
}

export type Results = ReadonlyMap<string, readonly Sample[]>;

/**
 * Every contender once per round, in the same order, so that whatever slows the machine for a while falls on all of them.
 * Only ratios of the same round are compared.
 */
export async function runRounds(
  contenders: readonly Contender[],
  rounds: number,
  onRun: (text: string) => void,
): Promise<Results> {
  const results = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const { name, run } of contenders) {
      onRun(`round ${round} of ${rounds}: ${name}`);
      results.get(name)?.push(await run());
    }
  }
  return results;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? Number.NaN) + (sorted[Math.ceil(middle) - 1] ?? Number.NaN)) / 2;
}

/** Wall time, per ref where refs are counted. */
export function wallOf({ wallMs, refs = 1 }: Sample): number {
  return wallMs / refs;
}

/** The median of the ratios of each round. */
export function pairedRatio(results: Results, name: string, base: string): number {
  const bases = results.get(base) ?? [];
  return median((results.get(name) ?? []).map((sample, at) => wallOf(sample) / wallOf(bases[at] ?? sample)));
}

export function isRight(results: Results, name: string): boolean {
  return (results.get(name) ?? []).every(({ problem }) => problem === undefined);
}

/** The fastest peer whose result was right in every round. */
export function bestPeer(contenders: readonly Contender[], results: Results): string | undefined {
  const right = contenders.filter(({ kind, name }) => kind === 'peer' && isRight(results, name));
  const walls = right.map(({ name }) => median((results.get(name) ?? []).map(wallOf)));
  return right[walls.indexOf(Math.min(...walls))]?.name;
}
