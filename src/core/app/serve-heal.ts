import { readdir, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { toSluiceError } from '../errors.ts';
import type { CommandContext } from '../plugins/command.ts';
import { type LossSource, noteAlive, openReconciler, type ReconciledRepository } from '../serve/reconcile.ts';
import type { LostDelivery } from '../serve/redeliveries.ts';
import { matchRepo } from '../serve/repo-pattern.ts';
import type { ServeCore } from './serve-core.ts';
import { findDifferences } from './serve-mirror.ts';
import { type ServedRepository, servedAs } from './serve-repositories.ts';

const aliveMs = 30_000;
const pruneMs = 3_600_000;

/**
 * Compares, forgets and notes that somebody is alive, at the start and again and again; ends with the signal. It compares when webhooks are
 * `registered`, because what it asks for again is sent to the address that the forge has then.
 */
export async function heal(
  context: CommandContext,
  core: ServeCore,
  { signal, registered }: { readonly signal: AbortSignal; readonly registered: Promise<void> },
): Promise<void> {
  const { store, served, config } = core;
  const { log } = context;
  const ports = { store, log, now: Date.now };
  const reconciler = openReconciler({
    ...ports,
    repositories: () => reconciled(core),
    findDifferences: (repo, aborted) =>
      findDifferences({ ...context, signal: aborted }, config, servedAs(served, repo), repo),
    lossSources: lossSources(core),
  });
  core.reconciled = reconciler.last;
  const alive = () => noteAlive(ports).catch((error: unknown) => log.error(toSluiceError(error).message));
  await alive();
  await sweepLogs(core).catch((error: unknown) => log.warn(`old logs could not be removed: ${String(error)}`));
  const { reconcileMs } = config.serve;
  await Promise.all([
    repeat(aliveMs, signal, alive),
    repeat(pruneMs, signal, () => prune(core).catch((error: unknown) => log.error(toSluiceError(error).message))),
    registered.then(() => repeat(reconcileMs, signal, () => reconciler.reconcile(signal))),
  ]);
}

/** At once, and then in this interval; 0: only once. */
async function repeat(ms: number, signal: AbortSignal, step: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await step();
    if (ms === 0) return;
    await sleep(ms, undefined, { signal }).catch(() => undefined);
  }
}

async function prune({ store, config, logOf }: ServeCore): Promise<void> {
  const before = Date.now() - config.serve.keepMs;
  const { jobs } = await store.prune({ jobs: before, bodies: before });
  for (const id of jobs) await rm(logOf(id), { force: true });
}

/** Logs whose runs were forgotten by a process that ended before it had removed them. */
async function sweepLogs({ store, logOf }: ServeCore): Promise<void> {
  const names = await readdir(dirname(logOf('0'))).catch(() => []);
  for (const name of names) {
    const id = /^(\d+)\.log$/.exec(name)?.[1];
    if (id !== undefined && (await store.find(id)) === undefined) await rm(logOf(id), { force: true });
  }
}

/** Those by name, and of patterns those that were heard of. */
async function reconciled({ served, store }: ServeCore): Promise<readonly ReconciledRepository[]> {
  const known = (await store.knownRepositories()).map((text) => {
    const colon = text.indexOf(':');
    return { alias: text.slice(0, colon), path: text.slice(colon + 1) };
  });
  return served
    .filter(({ entry }) => entry.mirror !== undefined)
    .flatMap(({ repo, rules: { reports } }) => {
      if (!repo.path.includes('*')) return [{ repo, reports }];
      const matching = known.filter(
        ({ alias, path }) => alias === repo.alias && matchRepo(repo.path, path) !== undefined,
      );
      return matching.map((one) => ({ repo: one, reports }));
    });
}

/** Webhooks of single repositories, where the forge lists what failed. */
function lossSources(core: ServeCore): readonly LossSource[] {
  return core.served
    .filter(({ repo, forge }) => forge.hooks?.failures !== undefined && !repo.path.includes('*'))
    .map((one) => ({ name: one.source, lost: (since, signal) => lostOf(core, one, since, signal) }));
}

async function lostOf(
  core: ServeCore,
  one: ServedRepository,
  since: number,
  signal: AbortSignal,
): Promise<readonly LostDelivery[]> {
  const {
    repo: { path },
    forge: { hooks },
  } = one;
  const id = core.book.registrationOf(one.source)?.id ?? (await findHook(core, one, signal));
  if (id === undefined) return [];
  const failed = await hooks?.failures?.(path, id, since, { signal });
  return (failed ?? []).map((delivery) => ({
    guid: delivery.guid ?? delivery.id,
    redeliver: async () => await hooks?.redeliver?.(path, id, delivery, { signal }),
  }));
}

/** A webhook that somebody made by hand is known by its address; a credential that may not see it is nothing to complain of. */
async function findHook(
  { config: { serve } }: ServeCore,
  { forge, repo, source }: ServedRepository,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (serve.baseUrl === undefined) return undefined;
  const url = `${serve.baseUrl}/hooks/${source}`;
  try {
    const all = await forge.hooks?.list(repo.path, { signal });
    return all?.find((hook) => hook.url === url)?.id;
  } catch (error) {
    const { code } = toSluiceError(error);
    if (code === 'denied' || code === 'not-found') return undefined;
    throw error;
  }
}
