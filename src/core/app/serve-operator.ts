import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { SluiceError } from '../errors.ts';
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
  const path = join(dataDir, 'jobs.sqlite');
  if (!existsSync(path)) {
    throw new SluiceError('not-found', `there is no job store in ${dataDir}`, {
      hint: 'sluice serve makes it; name its directory with --data-dir, or serve.dataDir in the configuration.',
    });
  }
  if (config.repositories.length > 0) {
    // With the configuration deliveries can be replayed too.
    const core = await openServeCore(context, flags);
    return {
      operator: { ...core.reads, ...core.actions },
      live: false,
      [Symbol.asyncDispose]: core[Symbol.asyncDispose],
    };
  }
  const store = await openSqliteStore(path, {
    followUps: statusFollowUps,
    now: Date.now,
    random: Math.random,
    onFault: ({ message }) => context.log.error(message),
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
  const actions = openServeActions({ store, sources: [], log: (message) => context.log.info(message) });
  return { operator: { ...reads, ...actions }, live: false, [Symbol.asyncDispose]: () => store[Symbol.asyncDispose]() };
}
