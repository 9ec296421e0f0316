import { installHook, uninstallHook } from '../core/app/gate-install.ts';
import { SluiceError } from '../core/errors.ts';
import type { HookPlan } from '../core/gate/install.ts';
import type { HookKind } from '../core/gate/stdin.ts';
import type {
  ArgumentSpec,
  CommandContext,
  CommandInput,
  CommandOutcome,
  CommandSpec,
  OptionSpec,
} from '../core/plugins/command.ts';
import { printable } from '../core/ui/table.ts';

const place: readonly ArgumentSpec[] = [
  { name: 'dir', description: 'a clone or a bare repository (default: the current directory)' },
];
const kinds: readonly OptionSpec[] = [
  { flags: '--pre-push', description: 'the hook of a clone, which asks before anything is sent' },
  {
    flags: '--pre-receive',
    description: 'the hook of a server, which nobody can leave out (default: in a bare repository)',
  },
];
const dryRun: OptionSpec = { flags: '--dry-run', description: 'print what would happen, change nothing' };

export const installCommand: CommandSpec = {
  name: 'install',
  summary: 'write the git hook that asks the gate before every push',
  description: [
    'Writes the git hook that asks the gate before every push.',
    'The hook finds this sluice by its path, or by PATH when it has moved, and refuses every push when there is none. It is written where git looks for it (core.hooksPath, worktrees, bare repositories). Installing again changes nothing. With -c, the hook uses this configuration file.',
  ].join('\n\n'),
  arguments: place,
  options: [
    ...kinds,
    { flags: '--chain', description: 'when there is a hook already, let it run first; its refusal counts' },
    {
      flags: '--except <remote>',
      description: 'pre-push: do not judge pushes to this remote, for example the internal fork itself',
      repeatable: true,
    },
    dryRun,
  ],
  examples: [
    {
      note: 'in a clone: pushes to upstream are judged, those to the fork are not',
      command: 'sluice gate install --except origin',
    },
    {
      note: 'on a git server, with a configuration that no pusher can write to',
      command: 'sluice gate install -c /etc/sluice/sluice.yaml /srv/git/app.git',
    },
  ],
  async run(context, input) {
    const chain = input.options.chain === true;
    const except = (input.options.except as readonly string[] | undefined) ?? [];
    return outcome(context, 'install', await installHook(context, { ...placeOf(input), chain, except }));
  },
};

export const uninstallCommand: CommandSpec = {
  name: 'uninstall',
  summary: 'remove the git hook that sluice gate install wrote, and restore the one before it',
  arguments: place,
  options: [...kinds, dryRun],
  examples: [{ note: 'from a server', command: 'sluice gate uninstall /srv/git/app.git' }],
  async run(context, input) {
    return outcome(context, 'uninstall', await uninstallHook(context, placeOf(input)));
  },
};

function placeOf({ arguments: [dir], options }: CommandInput): { dir: string | undefined; kind: HookKind | undefined } {
  if (options.prePush === true && options.preReceive === true) {
    throw new SluiceError('usage', '--pre-push and --pre-receive are two hooks', { hint: 'Run it once for each.' });
  }
  const kind = options.prePush === true ? 'pre-push' : options.preReceive === true ? 'pre-receive' : undefined;
  return { dir, kind };
}

function outcome(context: CommandContext, verb: 'install' | 'uninstall', plan: HookPlan): CommandOutcome {
  const { kind, path, action, before } = plan;
  const dry = context.dryRun === true;
  const text = [sentence(plan, dry), ...(dry && plan.script !== undefined ? ['', plan.script.trimEnd()] : [])].join(
    '\n',
  );
  return {
    exit: 0,
    json: { command: `gate ${verb}`, hook: kind, path, action, before: before ?? null, dryRun: dry },
    ...(context.quiet ? {} : { text }),
  };
}

function sentence({ kind, path, action, before, chains }: HookPlan, dry: boolean): string {
  const where = printable(path);
  const kept = before === undefined ? '' : printable(before);
  switch (action) {
    case 'create':
    case 'update': {
      const done = `${dry ? 'would ' : ''}${action}${dry ? '' : 'd'} the ${kind} hook ${where}`;
      return chains ? `${done}; the one that was there ${dry ? 'would run' : 'runs'} before it, as ${kept}` : done;
    }
    case 'unchanged':
      return `unchanged: the ${kind} hook ${where}`;
    case 'remove':
      return `${dry ? 'would remove' : 'removed'} the ${kind} hook ${where}`;
    case 'restore':
      return `${dry ? 'would remove' : 'removed'} the ${kind} hook ${where}, and put back ${kept}`;
    case 'none':
      return `there is no ${kind} hook at ${where}`;
  }
}
