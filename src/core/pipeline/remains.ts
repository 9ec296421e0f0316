import { execFile } from 'node:child_process';
import type { Launch } from './launch.ts';
import { askMembers, type GroupIdentity, isStillThere, killOrphan, signalGroup } from './process-group.ts';

const toolMs = 30_000;

/** Ends what is left of a run of this process. */
export async function endRemains(group: GroupIdentity): Promise<void> {
  // Without /proc the group cannot be recognised, but its number cannot have been given away within moments.
  if (group.startTime === '') signalGroup(group.pgid, 'SIGKILL');
  await killOrphan(group);
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
async function runTool([program = '', ...args]: readonly string[], env: Launch['env']): Promise<boolean> {
  return await new Promise((resolve) => {
    execFile(program, args, { env, timeout: toolMs }, (error) => resolve(error === null));
  });
}
