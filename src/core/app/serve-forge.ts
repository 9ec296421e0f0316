import { SluiceError } from '../errors.ts';
import type { ChangesRole, Forge } from '../forges/forge.ts';
import type { Endpoint } from '../git/endpoint.ts';
import type { InProcess } from '../git/in-process.ts';
import type { GitContext } from '../git/remote.ts';
import { forkEndpoint } from '../mirror/changes.ts';
import type { RefName, RemoteRef } from '../model/ref.ts';
import type { FindChange, FindCheck, FindTip, Judge, SetStatus } from '../serve/ports.ts';
import { type RepoName, repoText } from '../serve/repo-pattern.ts';
import { listThroughGit } from './git.ts';
import { locateHead } from './poll-heads.ts';
import type { TimeGit } from './serve-metrics.ts';
import { type ServedRepository, servedAs } from './serve-repositories.ts';
import { openTrust } from './trust-facts.ts';

export interface ForgePorts {
  readonly findChange: FindChange;
  readonly findTip: FindTip;
  readonly judge: Judge;
  readonly setStatus: SetStatus;
  readonly findCheck: FindCheck;
}

/** Fills what the handlers ask of forges and remotes. */
export function forgePorts(
  served: readonly ServedRepository[],
  { git, inProcess, time }: { readonly git: GitContext; readonly inProcess: InProcess; readonly time: TimeGit },
): ForgePorts {
  async function list(endpoint: Endpoint, ref: RefName, signal: AbortSignal): Promise<readonly RemoteRef[]> {
    return await time('ls-refs', async () => {
      const answer = await inProcess.listIfChanged(endpoint, [ref], { signal });
      return answer?.refs ?? (await listThroughGit({ ...git, signal }, inProcess, endpoint, [ref])).refs;
    });
  }

  const findChange: FindChange = async (repo, number, signal) => {
    const { forge } = servedAs(served, repo);
    const changes = changesOf(forge);
    const change = await changes.find(repo.path, number, { signal });
    if (change === undefined) return await requireGone(changes, repo, number, signal);
    if (change.state !== 'open') return { change, head: change.head.sha, problem: undefined };
    const at = await locateHead({ forge, changes, repo: repo.path }, change, list, { signal });
    if (at.oid !== undefined) return { change, head: at.oid, problem: undefined };
    if (at.error !== undefined) throw at.error;
    return { change, head: undefined, problem: at.problem };
  };

  return {
    findChange,
    async findTip(repo, ref, signal) {
      const refs = await list(endpointOf(servedAs(served, repo).forge, repo), ref, signal);
      return refs.find(({ name }) => name === ref)?.oid;
    },
    async judge({ repo, change, head, purpose }, signal) {
      const { forge, trust } = servedAs(served, repo);
      const judge = openTrust(forge, repo.path, trust[purpose]);
      const headNow = async () => (await findChange(repo, change.number, signal))?.head;
      const verdict = judge.known(change, head) ?? (await judge.ask({ change, head, headNow }, { signal }));
      return verdict.trusted ? { trusted: true, missing: '' } : verdict;
    },
    async setStatus(repo, status, signal) {
      const { forge } = servedAs(served, repo);
      if (forge.statuses === undefined) {
        throw new SluiceError('usage', `the forge ${forge.alias} has no commit statuses`);
      }
      await forge.statuses.set(repo.path, status, { signal });
    },
    async findCheck(repo, { sha, name }, signal) {
      const { forge } = servedAs(served, repo);
      const all = await forge.checks?.list(repo.path, sha, { signal });
      return all?.find((check) => check.name === name);
    },
  };
}

/**
 * Forges say "not found" of what a credential may not see (any more). That must not delete the mirror of an open change request: only the
 * list of those that are open can tell, which is not found either then.
 */
async function requireGone(
  changes: ChangesRole,
  { alias, path }: RepoName,
  number: number,
  signal: AbortSignal,
): Promise<undefined> {
  const open = await changes.listOpen(path, { signal });
  if (!open.some((change) => change.number === number)) return undefined;
  throw new SluiceError('unavailable', `change request ${number} of ${alias}:${path} is open, but cannot be read`);
}

function changesOf(forge: Forge): ChangesRole {
  if (forge.changes !== undefined) return forge.changes;
  throw new SluiceError('config', `the forge ${forge.alias} (${forge.type}) cannot be asked for change requests`);
}

/** A repository of a configured forge for git. */
export function endpointOf(forge: Forge, repo: RepoName): Endpoint {
  const endpoint = forkEndpoint({ forge }, repo.path);
  if (endpoint !== undefined) return endpoint;
  throw new SluiceError('internal', `there is no endpoint for ${repoText(repo)}`);
}
