import { table } from '../src/core/ui/table.ts';
import { type Contender, isRight, median, type Results, type Sample } from './rounds.ts';

/** A number that was promised, beside the number that was measured. */
export interface PollGoal {
  readonly what: string;
  readonly measured: number;
  readonly limit: number;
  readonly unit: 'x' | 'ms' | 'bytes';
}

export interface PollRow {
  readonly name: string;
  readonly kind: Contender['kind'];
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Ratios of CPU time. */
  readonly toPeer: number | undefined;
  readonly toLimit: number | undefined;
  readonly requests: number | undefined;
  readonly up: number | undefined;
  readonly down: number | undefined;
  /** Resident memory of the long-lived process. */
  readonly rss: number | undefined;
  readonly problem: string | undefined;
}

export interface PollReport {
  readonly title: string;
  readonly unit: string;
  readonly rounds: number;
  /** The peer with the least CPU time. */
  readonly peer: string | undefined;
  readonly limit: string | undefined;
  readonly rows: readonly PollRow[];
  readonly results: Results;
  readonly goals: readonly PollGoal[];
}

export interface PollMeasurement {
  readonly title: string;
  /** What one row is about. */
  readonly unit: string;
  readonly contenders: readonly Contender[];
  readonly results: Results;
  readonly rss?: ReadonlyMap<string, number>;
}

/** Medians of every column; ratios are medians of the ratios of each round. */
export function pollReportOf({ title, unit, contenders, results, rss }: PollMeasurement): PollReport {
  const peer = cheapest(
    contenders.filter(({ kind, name }) => kind === 'peer' && isRight(results, name)),
    results,
  );
  const limit = contenders.find(({ kind }) => kind === 'limit')?.name;
  const rows = contenders.map(({ name, kind }): PollRow => {
    const samples = results.get(name) ?? [];
    const middle = (of: (sample: Sample) => number | undefined) => {
      const values = samples.map(of).filter((value) => value !== undefined);
      return values.length === 0 ? undefined : median(values);
    };
    return {
      name,
      kind,
      wallMs: median(samples.map(({ wallMs }) => wallMs)),
      cpuMs: median(samples.map(({ cpuMs }) => cpuMs)),
      toPeer: peer === undefined ? undefined : cpuRatio(results, name, peer),
      toLimit: limit === undefined ? undefined : cpuRatio(results, name, limit),
      requests: middle(({ traffic }) => traffic?.requests),
      up: middle(({ traffic }) => traffic?.up),
      down: middle(({ traffic }) => traffic?.down),
      rss: rss?.get(name),
      problem: samples.find(({ problem }) => problem !== undefined)?.problem,
    };
  });
  const rounds = Math.max(...[...results.values()].map((samples) => samples.length));
  return { title, unit, rounds, peer, limit, rows, results, goals: [] };
}

/** The median of the ratios of CPU time of each round. */
export function cpuRatio(results: Results, name: string, base: string): number {
  const bases = results.get(base) ?? [];
  return median((results.get(name) ?? []).map(({ cpuMs }, at) => cpuMs / (bases[at]?.cpuMs ?? Number.NaN)));
}

export function pollText({ title, unit, rounds, peer, limit, rows, goals }: PollReport): string {
  const head = ['', 'wall', 'CPU', 'CPU x peer', 'CPU x limit', 'requests', 'up', 'down', 'memory', 'ok'];
  const lines = rows.map((row) => [
    `${row.name}${row.kind === 'sluice' ? '' : ` (${row.kind})`}`,
    amount(row.wallMs, 'ms'),
    amount(row.cpuMs, 'ms'),
    amount(row.toPeer, 'x'),
    amount(row.toLimit, 'x'),
    row.requests === undefined ? '-' : String(row.requests),
    amount(row.up, 'bytes'),
    amount(row.down, 'bytes'),
    amount(row.rss, 'bytes'),
    row.problem === undefined ? 'yes' : `NO: ${row.problem}`,
  ]);
  const note = `${unit}; peer = ${peer ?? 'none'}; limit = ${limit ?? 'none'}; ${rounds} rounds`;
  return [`# ${title}`, table([head, ...lines]), note, ...goals.map(goalText)].join('\n');
}

function goalText({ what, measured, limit, unit }: PollGoal): string {
  const met = measured <= limit ? 'met   ' : 'MISSED';
  return `${met}  ${what}: ${amount(measured, unit)} (goal <= ${amount(limit, unit)})`;
}

function cheapest(contenders: readonly Contender[], results: Results): string | undefined {
  const costs = contenders.map(({ name }) => median((results.get(name) ?? []).map(({ cpuMs }) => cpuMs)));
  return contenders[costs.indexOf(Math.min(...costs))]?.name;
}

function amount(value: number | undefined, unit: PollGoal['unit']): string {
  if (value === undefined || Number.isNaN(value)) return '-';
  if (unit === 'x') return `${value < 1 ? value.toPrecision(2) : value.toFixed(2)}x`;
  if (unit === 'ms') return value >= 1000 ? `${(value / 1000).toFixed(2)} s` : `${value.toPrecision(3)} ms`;
  if (value >= 1_000_000) return `${(value / 1_000_000).toFixed(1)} MB`;
  return value >= 1000 ? `${(value / 1000).toFixed(1)} KB` : `${Math.round(value)} B`;
}
