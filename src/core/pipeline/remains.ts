import { execFile } from 'node:child_process';
import { removeContainer } from './isolation/container.ts';
import type { Isolation } from './isolation.ts';
import type { Launch } from './launch.ts';
import { askMembers, directoryOf, type GroupIdentity, isStillThere, killOrphan, signalGroup } from './process-group.ts';

const toolMs = 30_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Ends what is left of a run of this process. */
export async function endRemains(group: GroupIdentity): Promise<void> {
  // Without /proc the group cannot be recognised, but its number cannot have been given away within moments.
  if (group.startTime === '') signalGroup(group.pgid, 'SIGKILL');
  await killOrphan(group);
}

/**
 * Ends what a sluice that is no more has left of a run. A container is no child of sluice's: it goes on when its watchdog was killed
 * as well, as a service manager does that kills all that is left of a service.
 */
export async function endOrphan(group: GroupIdentity, { isolations, env }: Remains): Promise<void> {
  await killOrphan(group);
  for (const isolation of new Set(isolations)) {
    if (isolation !== 'podman' && isolation !== 'docker') continue;
    await runTool(removeContainer(isolation, directoryOf(group)), env);
  }
}

export interface Remains {
  /** Every way in which runs are shut in here: which one this run had is not written down. */
  readonly isolations: Iterable<Isolation>;
  /** sluice's own environment, for the client of a container engine. */
  readonly env: Environment;
}

/** Ends the container of a run, if it has one that is still there. */
export async function endContainer({ end, env }: Pick<Launch, 'end' | 'env'>): Promise<void> {
  // Its status says nothing: most containers have ended by themselves.
  if (end !== undefined) await runTool(end, env);
}

/** Asks the script of a run to end. */
export async function askToEnd(group: GroupIdentity, { ask, env }: Pick<Launch, 'ask' | 'env'>): Promise<void> {
  if (ask === undefined || ask === 'members') {
    if (ask === undefined) signalGroup(group.pgid, 'SIGTERM');
    else await askMembers(group.pgid);
    // A stopped process would not see SIGTERM.
    signalGroup(group.pgid, 'SIGCONT');
    return;
  }
  if (await runTool(ask, env)) return;
  // A container that cannot be asked is none yet (its image is still being fetched), or none any more.
  if (await isStillThere(group)) signalGroup(group.pgid, 'SIGTERM');
}

/** Whether it succeeded. */
async function runTool([program = '', ...args]: readonly string[], env: Environment): Promise<boolean> {
  return await new Promise((resolve) => {
    execFile(program, args, { env, timeout: toolMs }, (error) => resolve(error === null));
  });
}
