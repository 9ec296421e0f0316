import { openPoll } from '../core/app/poll.ts';
import { SluiceError } from '../core/errors.ts';
import { parseCount } from '../core/model/count.ts';
import { parseDuration } from '../core/model/duration.ts';
import type { CommandContext, CommandInput, CommandOutcome, CommandSpec } from '../core/plugins/command.ts';
import type { PollEvent } from '../core/poll/events.ts';
import type { PollFlags } from '../core/poll/settings.ts';
import { exitStatusOf } from '../core/poll/tally.ts';
import { watch } from '../core/poll/watch.ts';
import { historyCommand, logCommand, showCommand } from './poll-history.ts';
import { eventText } from './poll-text.ts';

/** `sluice poll [<repo>…]`: what the flags mean in full is in docs/poll.md. */
export const pollCommand: CommandSpec = {
  name: 'poll',
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
    { flags: '--branch <glob>', description: 'watch only these branches (default: all)', repeatable: true },
    { flags: '--exclude <glob>', description: 'not these branches and tags', repeatable: true },
    { flags: '--tag <glob>', description: 'watch these tags too', repeatable: true },
    { flags: '--prs', description: "watch open change requests too (asks the forge's API)" },
    {
      flags: '--trust <policy>',
      description: 'whose change requests run: internal, author:LOGIN (default: internal)',
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
  subcommands: [historyCommand, showCommand, logCommand],
  run,
};

async function run(
  context: CommandContext,
  { arguments: repos, options, rest }: CommandInput,
): Promise<CommandOutcome> {
  const given = options as PollFlags;
  const flags = rest === undefined || rest.length === 0 ? given : { ...given, run: rest };
  const events: PollEvent[] = [];
  let told = false;
  const onEvent = (event: PollEvent) => {
    const text = eventText(event, context);
    if (text !== undefined) told = true;
    // `--once --json` is one document; a watcher prints one line for each event.
    if (flags.once && context.json) events.push(event);
    else context.emit({ json: event, text });
  };
  await using open = await openPoll(context, repos, flags, onEvent);
  const { repositories } = open.options;
  if (!flags.once)
    context.log.info(
      `watching ${repositories.length} ${repositories.length === 1 ? 'repository' : 'repositories'}; stop with Ctrl-C`,
    );
  const tally = await watch(open.options, open.ports);
  const exit = exitStatusOf(tally);
  if (!flags.once) return { exit };
  const names = repositories.map(({ key }) => key).join(', ');
  return {
    exit,
    json: { command: 'poll', repositories: repositories.map(({ key }) => key), ended: tally.ended, events },
    ...(context.quiet || told ? {} : { text: `nothing to run: no watched ref of ${names} has changed` }),
  };
}

function parseConcurrency(text: string): number {
  const count = parseCount(text);
  if (count > 0) return count;
  throw new SluiceError('usage', '--concurrency 0 would never run anything');
}
