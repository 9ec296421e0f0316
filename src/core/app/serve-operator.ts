import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError, toSluiceError } from '../errors.ts';
import { openSqliteStore } from '../jobs/sqlite/open.ts';
import type { CommandContext } from '../plugins/command.ts';
import { openServeActions } from '../serve/actions.ts';
import { changeFeed } from '../serve/change-feed.ts';
import { statusFollowUps } from '../serve/follow-ups.ts';
import { openServeReads } from '../serve/reads.ts';
import { connectControl, type Operator } from './serve-control.ts';
import { openServeCore, serveConfig, serveDataDir } from './serve-core.ts';

export interface OpenOperator extends AsyncDisposable {
  readonly operator: Operator;
  /** False: no server runs, and the store itself is open: what is queued waits for the next start. */
  readonly live: boolean;
}

/** The running server of a data directory, or its store when none runs. */
export async function openOperator(context: CommandContext, dataDirFlag: string | undefined): Promise<OpenOperator> {
  const flags = dataDirFlag === undefined ? {} : { dataDir: dataDirFlag };
  const config = await serveConfig(context, flags);
  const dataDir = serveDataDir(config, context);
  const running = await connectControl(dataDir);
  if (running !== undefined) return { operator: running, live: true, async [Symbol.asyncDispose]() {} };
  if (!existsSync(join(dataDir, 'jobs.sqlite'))) {
    throw new SluiceError('not-found', `there is no job store in ${dataDir}`, {
      hint: 'sluice serve makes it; name its directory with --data-dir, or serve.dataDir in the configuration.',
    });
  }
  if (config.repositories.length === 0) return await openStoreAlone(context, dataDir, undefined);
  const core = await openServeCore(context, flags).catch(toSluiceError);
  if (core instanceof SluiceError) {
    if (core.code === 'locked') throw core;
    // Secrets are often where only the server has them, and nobody needs them to look at a list.
    return await openStoreAlone(context, dataDir, core);
  }
  return {
    operator: { ...core.reads, ...core.actions },
    live: false,
    [Symbol.asyncDispose]: core[Symbol.asyncDispose],
  };
}

/** The store without what is configured for it; `problem` says why, to whoever needs that. */
async function openStoreAlone(
  { log }: Pick<CommandContext, 'log'>,
  dataDir: string,
  problem: SluiceError | undefined,
): Promise<OpenOperator> {
  const store = await openSqliteStore(join(dataDir, 'jobs.sqlite'), {
    followUps: statusFollowUps,
    now: Date.now,
    random: Math.random,
    onFault: ({ message }) => log.error(message),
  });
  const reads = openServeReads({
    store,
    feed: changeFeed(),
    links: {
      commit: () => undefined,
      repository: () => undefined,
      change: () => ({ url: undefined, word: 'change request' }),
    },
    repositories: [],
    sources: [],
    logOf: (run) => join(dataDir, 'logs', `${run}.log`),
    reconciled: () => undefined,
    now: Date.now,
  });
  const actions = openServeActions({ store, sources: [], log: (message, fields) => log.info(message, fields) });
  const replay: Operator['replay'] = async (guid, by) => {
    // Only the configuration knows what a delivery leads to.
    if (problem !== undefined) throw problem;
    return await actions.replay(guid, by);
  };
  return {
    operator: { ...reads, ...actions, replay },
    live: false,
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}
