import { builtInCommands } from '../commands/index.ts';
import { SluiceError } from '../core/errors.ts';
import { didYouMean } from '../core/model/nearest.ts';
import type { SplitArgv } from './argv.ts';
import type { FindScope, Found } from './found.ts';

/** Finds who answers to the command's name: a built-in, then a plugin of the configuration, then `sluice-NAME` on PATH. */
export async function findCommand(split: SplitArgv, scope: FindScope): Promise<Found> {
  const { command, before, after } = split;
  if (command === undefined) return { kind: 'program' };
  if (command === 'help') return await findHelp(after, scope);
  const builtIn = builtInCommands.find((candidate) => candidate.name === command);
  if (builtIn !== undefined) return { kind: 'command', spec: await builtIn.load() };
  const { findExtension } = await import('./extensions.ts');
  const extension = await findExtension(command, before, scope);
  if (extension.kind === 'none') throw unknownCommand(command, extension);
  return extension;
}

/** `sluice help`, `sluice help X`, `sluice help --all` (plugins and executables too). */
async function findHelp(after: readonly string[], scope: FindScope): Promise<Found> {
  const topic = after.find((word) => !word.startsWith('-'));
  if (topic !== undefined) {
    const found = await findCommand({ before: [], command: topic, after: [] }, scope);
    return found.kind === 'external'
      ? { ...found, args: ['--help'] }
      : { ...found, argv: [topic, ...after.filter((word) => word !== topic), '--help'] };
  }
  if (!after.includes('--all') && !after.includes('-a')) return { kind: 'program', argv: ['--help'] };
  const { listExtensions } = await import('./extensions.ts');
  return { kind: 'program', others: await listExtensions(scope), argv: ['--help'] };
}

function unknownCommand(
  command: string,
  known: { readonly names: readonly string[]; readonly problems: readonly string[] },
): SluiceError {
  const names = [...builtInCommands.map(({ name }) => name), ...known.names];
  return new SluiceError('usage', `unknown command ${JSON.stringify(command)}${didYouMean(command, names)}`, {
    problems: known.problems,
    hint: 'See sluice help --all for every command.',
  });
}
