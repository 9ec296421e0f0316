import { isOnItsWay, openHistory, type RunHistory } from '../core/app/history.ts';
import { SluiceError } from '../core/errors.ts';
import { parseCount } from '../core/model/count.ts';
import { nearest } from '../core/model/nearest.ts';
import { shortName, shortOid } from '../core/model/ref.ts';
import { cutDescription } from '../core/model/status.ts';
import type { CommandContext, CommandInput, CommandOutcome, CommandSpec } from '../core/plugins/command.ts';
import type { Run, RunState } from '../core/poll/run.ts';
import { printable, table } from '../core/ui/table.ts';
import { stateText } from './poll-text.ts';

const stateDir = {
  flags: '--state-dir <dir>',
  description: 'where state and logs lie (default: $XDG_STATE_HOME/sluice)',
};
const states: readonly RunState[] = [
  'queued',
  'running',
  'success',
  'failure',
  'error',
  'timed-out',
  'cancelled',
  'superseded',
  'skipped',
];

export const historyCommand: CommandSpec = {
  name: 'history',
  summary: 'list the latest runs, newest first; also while a watcher runs',
  options: [
    { flags: '--repo <name>', description: 'only of this repository, named as the list does' },
    { flags: '--state <state>', description: 'only in this state', choices: states },
    { flags: '-n, --limit <n>', description: 'how many (default: 20)', parse: parseLimit },
    stateDir,
  ],
  examples: [{ note: 'what failed lately', command: 'sluice poll history --state failure' }],
  async run(context, { options }) {
    await using history = await open(context, options);
    const { repo, state, limit = 20 } = options as { repo?: string; state?: RunState; limit?: number };
    if (repo !== undefined) refuseUnknown(repo, history.repositories());
    const runs = history.list({ repository: repo, state, limit });
    return { exit: 0, json: { command: 'poll history', runs }, text: listText(runs, history) };
  },
};

export const showCommand: CommandSpec = {
  name: 'show',
  summary: 'print everything that is known of one run',
  arguments: [{ name: 'run', description: 'its number', required: true }],
  options: [stateDir],
  examples: [{ note: 'run 12, for a program', command: 'sluice poll show 12 --json' }],
  async run(context, input) {
    await using history = await open(context, input.options);
    const run = findOne(history, input);
    const lines = Object.entries(run).flatMap(([key, value]) =>
      isNothing(value) ? [] : [[words(key), shown(key, value)]],
    );
    return { exit: 0, json: { command: 'poll show', run }, text: table(lines) };
  },
};

export const logCommand: CommandSpec = {
  name: 'log',
  summary: 'print the log of one run',
  arguments: [{ name: 'run', description: 'its number', required: true }],
  options: [{ flags: '--follow', description: 'go on printing while the run goes on' }, stateDir],
  examples: [{ note: 'through a pager that shows colours', command: 'sluice poll log 12 | less -R' }],
  async run(context, input): Promise<CommandOutcome> {
    await using history = await open(context, input.options);
    const run = findOne(history, input);
    const more = run.log !== undefined || isOnItsWay(run);
    if (input.options.follow === true && more) return await follow(context, history, run);
    const log = await history.log(run, mostLogBytes);
    if (log !== undefined) {
      return { exit: 0, json: { command: 'poll log', run: run.id, log }, text: log.replace(/\n$/, '') };
    }
    throw noLog(run);
  },
};

/** A mistyped --state-dir has no runs either. */
function listText(runs: readonly Run[], { emptyDir }: RunHistory): string {
  if (emptyDir !== undefined) return `no runs yet: there is no state in ${printable(emptyDir)}`;
  return runs.length === 0 ? 'no runs yet' : table(runs.map(row));
}

function parseLimit(text: string): number {
  const limit = parseCount(text);
  if (limit > 0) return limit;
  throw new SluiceError('usage', '--limit 0 would list nothing');
}

/** A mistyped name has no runs, which looks like good news. */
function refuseUnknown(repo: string, known: readonly string[]): void {
  if (known.includes(repo) || known.length === 0) return;
  const near = nearest(repo, known);
  throw new SluiceError('usage', `the history has no repository ${JSON.stringify(repo)}`, {
    hint: near === undefined ? `It has ${known.slice(0, 20).join(', ')}.` : `Did you mean ${near}?`,
  });
}

function noLog(run: Run): SluiceError {
  if (isOnItsWay(run)) {
    const hint = 'Its script has not begun; with --follow it is waited for.';
    return new SluiceError('not-found', `run ${run.id} has no log yet`, { hint });
  }
  return new SluiceError('not-found', `run ${run.id} has no log${run.log === undefined ? '' : ' any more'}`, {
    hint: run.detail ?? 'Only --keep-logs of them are kept for each repository.',
  });
}

// The runner keeps no more of an output than this.
const mostLogBytes = 64 * 1024 * 1024;

async function follow(context: CommandContext, history: RunHistory, run: Run): Promise<CommandOutcome> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of history.follow(run, context.signal)) {
    const lines = `${rest}${decoder.decode(chunk, { stream: true })}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) context.emit({ json: { run: run.id, line }, text: line });
  }
  if (rest !== '') context.emit({ json: { run: run.id, line: rest }, text: rest });
  return { exit: 0 };
}

async function open(context: CommandContext, options: CommandInput['options']): Promise<RunHistory> {
  return await openHistory(context, options.stateDir as string | undefined);
}

function findOne(history: RunHistory, { arguments: [text = ''] }: CommandInput): Run {
  const id = parseCount(text);
  const run = history.find(id);
  if (run !== undefined) return run;
  throw new SluiceError('usage', `there is no run ${id}`, { hint: 'sluice poll history lists them.' });
}

// What a line of a usual terminal has left; `show` prints all of it.
const longestCell = 60;

function row(run: Run): readonly string[] {
  const at = run.newOid === undefined ? '' : shortOid(run.newOid);
  const why = printable(cutDescription(run.detail || run.lastLine || '', longestCell));
  const when = timeText(run.startedAt ?? run.queuedAt);
  return [
    String(run.id),
    when,
    stateText(run.state),
    printable(run.repository),
    printable(shortName(run.ref)),
    at,
    why,
  ];
}

/** `exitStatus` → `exit status`. */
function words(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function isNothing(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

function shown(key: string, value: unknown): string {
  if (typeof value === 'number' && key.endsWith('At')) return `${timeText(value)} UTC`;
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value));
}

function timeText(at: number): string {
  return new Date(at).toISOString().slice(0, 19).replace('T', ' ');
}
