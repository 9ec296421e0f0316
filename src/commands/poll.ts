import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { openPoll } from '../core/app/poll.ts';
import { openPreview } from '../core/app/poll-preview.ts';
import { SluiceError } from '../core/errors.ts';
import { parseCount } from '../core/model/count.ts';
import { parseDuration } from '../core/model/duration.ts';
import { nearest } from '../core/model/nearest.ts';
import type { CommandContext, CommandInput, CommandOutcome, CommandSpec } from '../core/plugins/command.ts';
import type { PollEvent } from '../core/poll/events.ts';
import { preview } from '../core/poll/preview.ts';
import type { PollFlags } from '../core/poll/settings.ts';
import { exitStatusOf } from '../core/poll/tally.ts';
import { watch } from '../core/poll/watch.ts';
import { historyCommand, logCommand, showCommand } from './poll-history.ts';
import { eventText, troubleText } from './poll-text.ts';

const subcommands = [historyCommand, showCommand, logCommand];

/** `sluice poll [<repo>…]`: what the flags mean in full is in docs/poll.md. */
export const pollCommand: CommandSpec = {
  name: 'poll',
  longRunning: true,
  summary: 'watch refs without an inbound port and run a pipeline script for every change',
  description: [
    'Watches branches and tags and runs a pipeline script of every new commit, in a clean checkout of exactly that commit.',
    'A repository is a URL, alias:owner/name, or a path to a clone, whose origin is watched; without one, all repositories of the configuration that have a poll: section. The first sight of a repository only remembers its refs (--initial run runs them).',
  ].join('\n\n'),
  arguments: [{ name: 'repo', description: 'repositories to watch', variadic: true }],
  rest: {
    name: 'COMMAND…',
    description: 'run this command of yours instead of a script of the commit (the same as --run)',
  },
  options: [
    { flags: '-f, --file <path>', description: 'script inside the commit (default: ci/pipeline, then ci/pipeline.*)' },
    {
      flags: '--run <command...>',
      description:
        'run this command instead, for repositories whose content is not trusted; one with flags of its own goes after --',
    },
    {
      flags: '-t, --interval <duration>',
      description: 'between two looks (default: 60s; at least 5s)',
      parse: parseDuration,
    },
    { flags: '--once', description: 'look once, run what there is to run, and exit; for cron' },
    { flags: '--dry-run', description: 'look once and say what would be run; the state stays as it is' },
    {
      flags: '--timeout <duration>',
      description: 'limit of --once as a whole; runs that are cut off are run again the next time',
      parse: parseDuration,
    },
    { flags: '--branch <glob>', description: 'watch only these branches (default: all)', repeatable: true },
    { flags: '--exclude <glob>', description: 'not these branches and tags', repeatable: true },
    { flags: '--tag <glob>', description: 'watch these tags too', repeatable: true },
    { flags: '--prs', description: "watch open change requests too (asks the forge's API)" },
    {
      flags: '--trust <policy>',
      description:
        'whose change requests run: internal, author:LOGIN, author:MEMBER, label:NAME, review:writer, comment:/COMMAND (default: internal)',
      repeatable: true,
    },
    {
      flags: '--guard <glob>',
      description: 'a change request that touches such a path needs an approval by a person with write access',
      repeatable: true,
    },
    {
      flags: '--initial <what>',
      description: 'what the first sight of a repository does (default: baseline)',
      choices: ['run', 'baseline'],
    },
    {
      flags: '--concurrency <n>',
      description: 'runs at the same time, never two of one branch (default: 1)',
      parse: parseConcurrency,
    },
    { flags: '--run-timeout <duration>', description: 'time limit of one run (default: none)', parse: parseDuration },
    { flags: '--keep-logs <n>', description: 'logs kept for each repository (default: 50)', parse: parseCount },
    {
      flags: '--result <kind>',
      description: 'where outcomes go besides the local history',
      repeatable: true,
      choices: ['status', 'notes', 'commit', 'none'],
    },
    {
      flags: '--isolation <kind>',
      description: 'how the script is shut in (default: none)',
      choices: ['none', 'bubblewrap', 'podman', 'docker'],
    },
    { flags: '--image <name>', description: 'container image for podman and docker' },
    { flags: '--network', description: 'open the network to an isolated script' },
    { flags: '--env <name>', description: 'let the script see this variable of yours', repeatable: true },
    { flags: '--submodules', description: 'check out submodules too' },
    { flags: '--lfs', description: 'fetch the files that Git LFS keeps elsewhere' },
    { flags: '--state-dir <dir>', description: 'where state and logs lie (default: $XDG_STATE_HOME/sluice)' },
  ],
  examples: [
    {
      note: 'as pyci: the script ci/pipeline.py of every changed branch, every minute',
      command: 'sluice poll -f ci/pipeline.py -t 60 ./my-clone',
    },
    {
      note: 'from cron, with the results as git notes',
      command: 'sluice poll --once --quiet --result notes https://git.example.org/app.git',
    },
    {
      note: 'a command of yours for a repository that is not yours, shut in',
      command: 'sluice poll --isolation bubblewrap https://git.example.org/app.git -- make -C . test',
    },
    { note: 'what ran lately, and the log of one run', command: 'sluice poll history && sluice poll log 12' },
  ],
  subcommands,
  run,
};

async function run(context: CommandContext, input: CommandInput): Promise<CommandOutcome> {
  const { arguments: repos, options, rest } = input;
  const given = options as PollFlags;
  const flags = rest === undefined || rest.length === 0 ? given : { ...given, run: rest };
  await refuseMistypedSubcommand(context, repos);
  const teller = openTeller(context, flags);
  if (flags.dryRun) return await dryRun(context, repos, flags, teller);
  const poll = await openPoll(context, repos, flags, teller.onEvent).catch((error: unknown) => {
    // The one before is still at work, which is no news to whoever reads cron's mails; the exit status says it.
    if (flags.once && context.quiet && !context.json && isLocked(error)) return undefined;
    throw error;
  });
  if (poll === undefined) return { exit: 75 };
  await using open = poll;
  const { repositories } = open.options;
  if (!flags.once)
    context.log.info(
      `watching ${repositories.length} ${repositories.length === 1 ? 'repository' : 'repositories'}; stop with Ctrl-C`,
    );
  const tally = await watch(open.options, open.ports);
  const timedOut = open.timedOut();
  if (timedOut) context.log.warn('the time of --timeout is over; what was cut off is run again the next time');
  const exit = exitStatusOf(timedOut ? { ...tally, faults: new Set([...tally.faults, 'timed-out']) } : tally);
  if (!flags.once) return { exit };
  const keys = repositories.map(({ key }) => key);
  return {
    exit,
    json: { command: 'poll', repositories: keys, ended: tally.ended, timedOut, events: teller.events },
    ...teller.unlessTold(timedOut ? undefined : `nothing to run: no watched ref of ${keys.join(', ')} has changed`),
  };
}

async function dryRun(
  context: CommandContext,
  repos: readonly string[],
  flags: PollFlags,
  teller: Teller,
): Promise<CommandOutcome> {
  await using open = await openPreview(context, repos, flags, teller.onEvent);
  const { repositories } = open.options;
  const exit = exitStatusOf(await preview(open.options, open.ports));
  const keys = repositories.map(({ key }) => key);
  return {
    exit,
    json: { command: 'poll', dryRun: true, repositories: keys, events: teller.events },
    ...teller.unlessTold(`nothing would run: no watched ref of ${keys.join(', ')} has changed`),
  };
}

interface Teller {
  readonly onEvent: (event: PollEvent) => void;
  /** For the one document of `--once --json`. */
  readonly events: readonly PollEvent[];
  /** This text for a person who was told nothing else. */
  unlessTold(text: string | undefined): { readonly text?: string };
}

/** Results go to stdout, trouble to stderr; with `--json` everything is an event on stdout. */
function openTeller(context: CommandContext, { once, dryRun }: PollFlags): Teller {
  const events: PollEvent[] = [];
  let told = false;
  return {
    events,
    onEvent(event) {
      const trouble = troubleText(event);
      const text = trouble ?? eventText(event, context);
      if (text !== undefined) told = true;
      // `--once --json` is one document; a watcher prints one line for each event.
      if (context.json && (once || dryRun)) events.push(event);
      else if (context.json || trouble === undefined) context.emit({ json: event, text });
      else context.log.warn(trouble);
    },
    unlessTold: (text) => (context.quiet || told || text === undefined ? {} : { text }),
  };
}

/** `poll histroy` would watch a repository of that name and run its code, where there is one. */
async function refuseMistypedSubcommand(context: CommandContext, [word = '']: readonly string[]): Promise<void> {
  const meant = /^[a-z]+$/i.test(word)
    ? nearest(
        word,
        subcommands.map(({ name }) => name),
      )
    : undefined;
  if (meant === undefined || existsSync(resolve(context.cwd, word))) return;
  const { repositories } = await context.config();
  if (repositories.some(({ name, repo }) => name === word || repo === word)) return;
  throw new SluiceError('usage', `there is no repository ${JSON.stringify(word)}, and no such subcommand`, {
    hint: `Did you mean sluice poll ${meant}?`,
  });
}

function isLocked(error: unknown): boolean {
  return error instanceof SluiceError && error.code === 'locked';
}

function parseConcurrency(text: string): number {
  const count = parseCount(text);
  if (count > 0) return count;
  throw new SluiceError('usage', '--concurrency 0 would never run anything');
}
