import type { Operator } from '../core/app/serve-control.ts';
import { openOperator } from '../core/app/serve-operator.ts';
import { SluiceError } from '../core/errors.ts';
import { parseCount } from '../core/model/count.ts';
import { shortOid } from '../core/model/ref.ts';
import { cutDescription } from '../core/model/status.ts';
import type { CommandSpec } from '../core/plugins/command.ts';
import { type RunState, type RunView, runStates } from '../core/serve/read-model.ts';
import { printable, table } from '../core/ui/table.ts';
import { acted, dataDir, longestCell, moment, whoAmI } from './operator-words.ts';

const oneJob = [{ name: 'job', description: 'its number', required: true }] as const;

const listCommand: CommandSpec = {
  name: 'list',
  summary: 'list jobs, newest first',
  options: [
    { flags: '--repo <name>', description: 'only of this repository, as the list names it' },
    { flags: '--branch <name>', description: 'only of this branch' },
    { flags: '--state <state>', description: 'only in this state', repeatable: true, choices: runStates },
    { flags: '--dead', description: 'only those that were given up, and not replaced since' },
    { flags: '-n, --limit <n>', description: 'how many (default: 20)', parse: parseCount },
    { flags: '--before <job>', description: 'only older ones: the next page' },
    dataDir,
  ],
  examples: [{ note: 'what waits for somebody', command: 'sluice jobs list --state waiting' }],
  async run(context, { options }) {
    const { repo, branch, state, dead, limit = 20, before } = options as ListOptions;
    await using open = await openOperator(context, options.dataDir as string | undefined);
    const { items, next } = await open.operator.runs({ repo, branch, states: state, dead, limit, before });
    const text = items.length === 0 ? 'no jobs' : table(items.map(row));
    return { exit: 0, json: { command: 'jobs list', jobs: items, next }, text };
  },
};

interface ListOptions {
  readonly repo?: string;
  readonly branch?: string;
  readonly state?: readonly RunState[];
  readonly dead?: boolean;
  readonly limit?: number;
  readonly before?: string;
}

const showCommand: CommandSpec = {
  name: 'show',
  summary: 'print everything that is known of one job',
  arguments: oneJob,
  options: [dataDir],
  examples: [{ note: 'for a program', command: 'sluice jobs show 12 --json' }],
  async run(context, { arguments: [id = ''], options }) {
    await using open = await openOperator(context, options.dataDir as string | undefined);
    const job = await open.operator.run(id);
    if (job === undefined) throw noJob(id);
    const lines = Object.entries(job).flatMap(([key, value]) => (isNothing(value) ? [] : [[key, shown(key, value)]]));
    return { exit: 0, json: { command: 'jobs show', job }, text: table(lines) };
  },
};

const chunk = 1024 * 1024;

const logCommand: CommandSpec = {
  name: 'log',
  summary: 'print the log of one job',
  arguments: oneJob,
  options: [dataDir],
  examples: [{ note: 'through a pager that shows colours', command: 'sluice jobs log 12 | less -R' }],
  async run(context, { arguments: [id = ''], options }) {
    await using open = await openOperator(context, options.dataDir as string | undefined);
    const parts: Uint8Array[] = [];
    for (let offset = 0; ; ) {
      const part = await open.operator.log(id, { offset, limit: chunk });
      if (part === undefined) throw await noLog(open.operator, id);
      parts.push(part.bytes);
      offset += part.bytes.length;
      if (part.bytes.length === 0 || offset >= part.size) break;
    }
    const log = Buffer.concat(parts).toString('utf8');
    return { exit: 0, json: { command: 'jobs log', job: id, log }, text: log.replace(/\n$/, '') };
  },
};

function acting(
  name: 'retry' | 'cancel',
  summary: string,
  example: { readonly note: string; readonly command: string },
): CommandSpec {
  return {
    name,
    summary,
    arguments: oneJob,
    options: [dataDir],
    examples: [example],
    async run(context, input) {
      await using open = await openOperator(context, input.options.dataDir as string | undefined);
      const [id = ''] = input.arguments;
      const done = await open.operator[name](id, whoAmI(context));
      if (!done.done && done.refused === 'not-found') throw noJob(id);
      return acted(done, { command: `jobs ${name}`, live: open.live, listHint });
    },
  };
}

/** `sluice jobs`: what a server has done and is about to do. */
export const jobsCommand: CommandSpec = {
  name: 'jobs',
  summary: 'list, show, retry and cancel what sluice serve does',
  description:
    'Asks the running sluice serve of the same data directory; when none runs, its store is opened, and what is retried waits for the next start.',
  subcommands: [
    listCommand,
    showCommand,
    logCommand,
    acting('retry', 'put a job that has ended into the queue again', {
      note: 'once more, on the same commit',
      command: 'sluice jobs retry 12',
    }),
    acting('cancel', 'end a job that is queued, running, or waits for a person', {
      note: 'ends its processes too',
      command: 'sluice jobs cancel 12',
    }),
  ],
};

const listHint = 'sluice jobs list shows them.';

async function noLog(operator: Pick<Operator, 'run'>, id: string): Promise<SluiceError> {
  const job = await operator.run(id);
  if (job === undefined) return noJob(id);
  const problem = `job ${printable(id)} (${job.kind}) has no log`;
  return new SluiceError('usage', problem, { hint: `sluice jobs show ${job.id} prints what is known of it.` });
}

function noJob(id: string): SluiceError {
  return new SluiceError('usage', `there is no job ${printable(id)}`, { hint: listHint });
}

function row({ id, state, repo, branch, change, name, sha, detail, lastLine, startedAt, queuedAt }: RunView) {
  const where = change === undefined ? (branch ?? '') : `#${change.number}`;
  const why = printable(cutDescription(detail || lastLine, longestCell));
  return [
    id,
    state,
    moment(startedAt ?? queuedAt),
    repo,
    printable(where),
    sha === undefined ? '' : shortOid(sha),
    printable(name),
    why,
  ];
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value === '' || value === false;
}

function shown(key: string, value: unknown): string {
  if (key.endsWith('At') && typeof value === 'number') return new Date(value).toISOString();
  return printable(typeof value === 'object' ? JSON.stringify(value) : String(value));
}
