import { isAbsolute } from 'node:path';
import type { PollConfig } from '../config/config.ts';
import { type ErrorCode, SluiceError } from '../errors.ts';
import { findProgram } from '../pipeline/find-program.ts';
import { requireIsolation } from '../pipeline/isolation.ts';
import { scriptPathProblem } from '../pipeline/script.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { PollFlags } from '../poll/settings.ts';

interface Here {
  readonly context: CommandContext;
  /** Variables that hold secrets of sluice's own. */
  readonly withheld: readonly string[];
}

/** Refuses what would make every run fail, or would be ignored without a word. */
export async function refuseImpossible(settings: PollConfig, flags: PollFlags, here: Here): Promise<void> {
  refuseIdle(settings, flags);
  refuseFile(settings, flags);
  refuseWithheld(settings, flags, here.withheld);
  await requireShutIn(settings, here.context.env.PATH);
  await requireProgram(settings, here.context, flags);
}

function faultOf(flag: unknown): ErrorCode {
  return flag === undefined ? 'config' : 'usage';
}

/** Flags that ask for something that this kind of isolation does not have. */
function refuseIdle({ isolation }: PollConfig, { image, network }: PollFlags): void {
  if (image !== undefined && isolation !== 'podman' && isolation !== 'docker') {
    throw new SluiceError('usage', `--image ${image}: the scripts run in no container`, {
      hint: 'Add --isolation podman or --isolation docker.',
    });
  }
  if (network && isolation === 'none') {
    throw new SluiceError(
      'usage',
      '--network opens the network to an isolated script, and the scripts are not isolated',
      {
        hint: 'Without --isolation they have the network of this machine: leave the flag out.',
      },
    );
  }
}

function refuseFile({ file }: PollConfig, flags: PollFlags): void {
  const problem = file === undefined ? undefined : scriptPathProblem(file);
  if (problem === undefined) return;
  throw new SluiceError(faultOf(flags.file), `the script ${JSON.stringify(file)} ${problem}`, {
    hint: 'Name a file of the commit, relative to its top; a command of this machine goes after --.',
  });
}

/** Scripts never see these, so whoever names one waits for a value that does not come. */
function refuseWithheld({ env }: PollConfig, flags: PollFlags, withheld: readonly string[]): void {
  const name = env.find((one) => withheld.includes(one) || one.startsWith('SLUICE_'));
  if (name === undefined) return;
  const why = withheld.includes(name) ? "holds a token of sluice's own" : 'configures sluice itself';
  throw new SluiceError(faultOf(flags.env), `the variable ${name} ${why}, and is kept from scripts`, {
    hint: 'Give the script a value of its own, under another name.',
  });
}

/** The operator's own command is the same for every commit, so that it is missing is known before one is used up for it. */
async function requireProgram(
  { run, isolation }: PollConfig,
  { env }: CommandContext,
  flags: PollFlags,
): Promise<void> {
  const [program] = run ?? [];
  // Inside of an isolation, and relative to a checkout, there are other programs than here.
  if (program === undefined || isolation !== 'none' || (program.includes('/') && !isAbsolute(program))) return;
  if ((await findProgram(program, env.PATH, '/')) !== undefined) return;
  const where = program.includes('/') ? 'is no program' : 'was not found on PATH';
  throw new SluiceError(faultOf(flags.run), `the command to run: "${program}" ${where}`, {
    hint: 'A script of the commit is named with --file, or with a slash: ./ci/test.',
  });
}

async function requireShutIn({ isolation, image }: PollConfig, path: string | undefined): Promise<void> {
  await requireIsolation(isolation, path);
  if (image !== undefined || (isolation !== 'podman' && isolation !== 'docker')) return;
  throw new SluiceError('config', `isolation ${isolation}: no image is configured`, {
    hint: 'Name the image in which the script shall run (--image, or image: in the configuration).',
  });
}
