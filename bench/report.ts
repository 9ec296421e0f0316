import { cpus } from 'node:os';
import { table } from '../src/core/ui/table.ts';
import { bestPeer, type Contender, isRight, median, pairedRatio, type Results, type Sample, wallOf } from './rounds.ts';

/** A number that was promised, beside the number that was measured. */
export interface Goal {
  readonly what: string;
  readonly measured: number;
  readonly limit: number;
  readonly unit: 'x' | 'bytes';
}

export interface Row {
  readonly name: string;
  readonly kind: Contender['kind'];
  readonly wallMs: number;
  readonly perRef: boolean;
  readonly toPeer: number | undefined;
  readonly toLimit: number | undefined;
  readonly cpuMs: number;
  readonly requests: number | undefined;
  readonly up: number | undefined;
  readonly down: number | undefined;
  readonly advert: number | undefined;
  readonly disk: number | undefined;
  readonly ok: boolean;
  readonly problem: string | undefined;
}

export interface Report {
  readonly title: string;
  readonly rounds: number;
  readonly peer: string | undefined;
  readonly limit: string | undefined;
  readonly rows: readonly Row[];
  readonly goals: readonly Goal[];
}

export interface Measurement {
  readonly title: string;
  readonly contenders: readonly Contender[];
  readonly results: Results;
  /** Largest size on disk by contender. */
  readonly disk?: ReadonlyMap<string, number>;
}

/** Medians of every column; ratios are medians of paired ratios. */
export function reportOf({ title, contenders, results, disk }: Measurement, goals: readonly Goal[]): Report {
  const peer = bestPeer(contenders, results);
  const limit = contenders.find(({ kind }) => kind === 'limit')?.name;
  const rows = contenders.map(({ name, kind }): Row => {
    const samples = results.get(name) ?? [];
    const middle = (of: (sample: Sample) => number | undefined) => {
      const values = samples.map(of).filter((value) => value !== undefined);
      return values.length === 0 ? undefined : median(values);
    };
    return {
      name,
      kind,
      wallMs: median(samples.map(wallOf)),
      perRef: samples.some(({ refs }) => refs !== undefined),
      toPeer: peer === undefined ? undefined : pairedRatio(results, name, peer),
      toLimit: limit === undefined ? undefined : pairedRatio(results, name, limit),
      cpuMs: median(samples.map(({ cpuMs, refs = 1 }) => cpuMs / refs)),
      requests: middle(({ traffic }) => traffic?.requests),
      up: middle(({ traffic }) => traffic?.up),
      down: middle(({ traffic }) => traffic?.down),
      advert: middle(({ traffic }) => traffic?.advert),
      disk: disk?.get(name),
      ok: isRight(results, name),
      problem: samples.find(({ problem }) => problem !== undefined)?.problem,
    };
  });
  const rounds = Math.max(...[...results.values()].map((samples) => samples.length));
  return { title, rounds, peer, limit, rows, goals };
}

export function reportText(report: Report): string {
  const { rows, goals } = report;
  const traffic = rows.some(({ requests }) => requests !== undefined);
  const head = [
    '',
    'wall',
    'x peer',
    'x limit',
    'CPU',
    ...(traffic ? ['requests', 'up', 'down', 'of it advert', 'disk'] : []),
    'ok',
  ];
  const lines = rows.map((row) => [
    `${row.name}${row.kind === 'sluice' ? '' : ` (${row.kind})`}`,
    `${milliseconds(row.wallMs)}${row.perRef ? '/ref' : ''}`,
    times(row.toPeer),
    times(row.toLimit),
    `${milliseconds(row.cpuMs)}${row.perRef ? '/ref' : ''}`,
    ...(traffic ? [number(row.requests), bytes(row.up), bytes(row.down), bytes(row.advert), bytes(row.disk)] : []),
    row.ok ? 'yes' : `NO: ${row.problem}`,
  ]);
  const notes = [`peer = ${report.peer ?? 'none'}; limit = ${report.limit ?? 'none'}; ${report.rounds} rounds`];
  return [`# ${report.title}`, table([head, ...lines]), notes.join('\n'), ...goals.map(goalText)].join('\n');
}

export function goalMet({ measured, limit }: Goal): boolean {
  return measured <= limit;
}

function goalText(goal: Goal): string {
  const show = goal.unit === 'x' ? times : bytes;
  return `${goalMet(goal) ? 'met   ' : 'MISSED'}  ${goal.what}: ${show(goal.measured)} (goal <= ${show(goal.limit)})`;
}

/** What the numbers depend on besides sluice. */
export function machineText(gitVersion: string): string {
  return `${cpus().length} x ${cpus()[0]?.model ?? 'CPU'}, node ${process.version}, ${gitVersion}; medians, ratios are medians of paired ratios`;
}

function milliseconds(value: number): string {
  if (value >= 1000) return `${(value / 1000).toFixed(2)} s`;
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

function times(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '-';
  return `${value < 0.1 ? value.toFixed(3) : value.toFixed(2)}x`;
}

function number(value: number | undefined): string {
  return value === undefined ? '-' : String(value);
}

function bytes(value: number | undefined): string {
  if (value === undefined) return '-';
  if (value >= 1_000_000) return `${(value / 1_000_000).toFixed(1)} MB`;
  return value >= 1000 ? `${(value / 1000).toFixed(1)} KB` : `${Math.round(value)} B`;
}
