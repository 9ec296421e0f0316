import { type OpenGate, openGate, pushOf, undeterminedBy } from '../core/app/gate.ts';
import { SluiceError } from '../core/errors.ts';
import type { GateFlags } from '../core/gate/settings.ts';
import { parseDuration } from '../core/model/duration.ts';
import type { Push } from '../core/model/gate-facts.ts';
import { didYouMean } from '../core/model/nearest.ts';
import type { Verdict } from '../core/model/verdict.ts';
import type { CommandContext, CommandInput, CommandOutcome, CommandSpec } from '../core/plugins/command.ts';
import { printable } from '../core/ui/table.ts';
import { auditCommand } from './gate-audit.ts';
import { installCommand, uninstallCommand } from './gate-install.ts';
import { filled, policyOptions } from './gate-policy.ts';
import { simulateCommand } from './gate-simulate.ts';
import { gateOutcome, undeterminedOutcome } from './gate-text.ts';

const subcommands: readonly CommandSpec[] = [simulateCommand, installCommand, uninstallCommand, auditCommand];

/** `sluice gate`: what the flags mean in full is in docs/gate.md. */
export const gateCommand: CommandSpec = {
  name: 'gate',
  undecided: 2,
  summary: "say whether a branch's internal change request is approved and green, before a push goes upstream",
  description: [
    'Says whether commits may go upstream: whether the change request of the internal fork for exactly this commit is open, approved and green.',
    'Ends with 0 only when every fact that matters is known and every rule holds; 1: not (yet) approved; 2: it could not be learned, which is never a yes.',
  ].join('\n\n'),
  arguments: [
    { name: 'remote', description: 'with --pre-push: the name that git gives the hook' },
    { name: 'url', description: 'with --pre-push: the URL that git gives the hook' },
  ],
  options: [
    {
      flags: '--repo <fork>',
      description: 'internal repository to look in (alias:owner/name or URL)',
      repeatable: true,
    },
    { flags: '--branch <name>', description: 'branch that is pushed (default: the current one)' },
    { flags: '--sha <oid>', description: 'commit that is pushed (default: HEAD)', parse: filled('--sha') },
    {
      flags: '--lookup <how>',
      description: 'how the change request is found, in order: branch, sha, label:TEMPLATE (default: branch, sha)',
      repeatable: true,
    },
    {
      flags: '--map <glob=template>',
      description: 'branch of the change request for a pushed branch, from {branch}, {sha}, {date}',
      repeatable: true,
    },
    ...policyOptions,
    { flags: '--pre-push', description: "read git's lines for a pre-push hook from stdin" },
    { flags: '--pre-receive', description: "read git's lines for a pre-receive hook from stdin" },
    {
      flags: '--wait <duration>',
      description: 'keep asking this long until the verdict is final (default: ask once)',
      parse: parseDuration,
    },
    { flags: '--timeout <duration>', description: 'limit of one asking (default: 60s)', parse: parseDuration },
    {
      flags: '--cache-ttl <duration>',
      description: 'how long an answer of the forge is kept (default: 15s; 0: not at all)',
      parse: parseDuration,
    },
    { flags: '--set-status', description: 'report the verdict as a commit status on the forks' },
    {
      flags: '--override <reason>',
      description: 'let it pass in an emergency, where the configuration allows it',
      parse: filled('--override'),
    },
    { flags: '--dry-run', description: 'judge, and report and record nothing' },
  ],
  examples: [
    {
      note: 'may the current branch be pushed upstream?',
      command: 'sluice gate --repo github:acme/app-internal --min-approvals 2 --explain',
    },
    {
      note: 'a commit, a check and the app that must have reported it, waiting for at most ten minutes',
      command:
        'sluice gate --repo github:acme/app-internal --branch main --sha $SHA --required-check build@github-actions --wait 10m',
    },
    {
      note: 'the dated branches outbound/2026-11-21 stand for main',
      command: "sluice gate --map 'main=outbound/{date}'",
    },
  ],
  subcommands,
  run,
};

async function run(context: CommandContext, { arguments: words, options }: CommandInput): Promise<CommandOutcome> {
  const flags = options as GateFlags;
  refuseNonsense(flags, words);
  const hook = flags.prePush === true || flags.preReceive === true;
  try {
    const open = await openGate(context, flags);
    return hook ? await runHook(context, open, flags) : await runOnce(context, open, flags);
  } catch (thrown) {
    const sentence = undeterminedBy(thrown, context.signal);
    // git shows what a hook writes to stderr; its stdout may be the protocol's.
    if (hook) context.log.error(printable(sentence));
    return undeterminedOutcome('gate', sentence, { silent: hook });
  }
}

async function runHook(context: CommandContext, open: OpenGate, flags: GateFlags): Promise<CommandOutcome> {
  const { runPrePush, runPreReceive } = await import('../core/app/gate-hooks.ts');
  const override = context.dryRun === true ? undefined : flags.override;
  return flags.prePush === true
    ? await runPrePush(context, open, { override })
    : await runPreReceive(context, open, { override });
}

async function runOnce(context: CommandContext, open: OpenGate, flags: GateFlags): Promise<CommandOutcome> {
  const push = await pushOf(context, flags);
  const { facts, verdict } = await open.ask(push, (line) => context.log.info(printable(line)));
  const reason = context.dryRun === true ? undefined : flags.override;
  const final = await overridden(context, open, { push, verdict, reason });
  return gateOutcome('gate', { facts, verdict: final }, context, flags.explain === true);
}

async function overridden(
  context: CommandContext,
  { settings }: OpenGate,
  { push, verdict, reason }: { readonly push: Push; readonly verdict: Verdict; readonly reason: string | undefined },
): Promise<Verdict> {
  if (reason === undefined || verdict.status === 'approved') return verdict;
  const { applyOverride } = await import('../core/app/gate-override.ts');
  return await applyOverride(context, settings.override, { reason, pushes: [push], verdict });
}

function refuseNonsense({ prePush, preReceive, branch, sha }: GateFlags, words: readonly string[]): void {
  const hook = prePush === true || preReceive === true;
  if (prePush && preReceive) throw new SluiceError('usage', '--pre-push and --pre-receive are two different hooks');
  if (hook && (branch !== undefined || sha !== undefined)) {
    throw new SluiceError('usage', 'a hook is told by git what is pushed: leave out --branch and --sha');
  }
  if (!prePush && words.length > 0) {
    const [word = ''] = words;
    const names = subcommands.map(({ name }) => name);
    throw new SluiceError('usage', `unknown argument ${JSON.stringify(word)}${didYouMean(word, names)}`, {
      hint: 'Say what is pushed by --branch and --sha; see sluice gate --help.',
    });
  }
}
