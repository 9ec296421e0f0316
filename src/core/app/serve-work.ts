import { createHash } from 'node:crypto';
import { appendFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { openInProcess } from '../git/in-process.ts';
import type { GitContext } from '../git/remote.ts';
import type { Worker, WorkOptions } from '../jobs/store.ts';
import { makeDirectory } from '../make-directory.ts';
import { endOrphan } from '../pipeline/remains.ts';
import { removeTree } from '../pipeline/remove-tree.ts';
import type { CommandContext } from '../plugins/command.ts';
import { redact } from '../secret.ts';
import { judgeHandler } from '../serve/handlers/judge.ts';
import { mirrorHandler } from '../serve/handlers/mirror.ts';
import { scriptHandler } from '../serve/handlers/script.ts';
import { reportHandler, statusHandler } from '../serve/handlers/status.ts';
import { version } from '../version.ts';
import { cacheDirectory, secretVariables } from './git.ts';
import { type ServeCore, shutIns } from './serve-core.ts';
import { forgePorts } from './serve-forge.ts';
import { openJobLog } from './serve-log.ts';
import type { TimeGit } from './serve-metrics.ts';
import { openMirrorNow } from './serve-mirror.ts';
import { servedAs } from './serve-repositories.ts';
import { openScripts, storedGroup } from './serve-scripts.ts';

/** Statuses and the like are small requests; more at once would only look like an attack. */
const smallJobs = { queues: ['status', 'report', 'judge'], concurrency: 4, perRepository: 4 } as const;

/** The handlers at work; ends them in the end. */
export interface Working {
  /** Lets jobs go on so long, and puts the rest back into the queue. */
  stop(graceMs: number): Promise<void>;
}

/**
 * Cleans up after a server that did not end by itself, then begins to work on the queues. Mirroring has a limit of its own: a script of
 * an hour must not hold it up.
 */
export async function startWork(opened: CommandContext, core: ServeCore, time: TimeGit): Promise<Working> {
  const { log, within } = openJobLog(opened.log);
  const context = { ...opened, log };
  const { config, store, served, dataDir, feed } = core;
  const cacheDir = cacheDirectory(context, config.mirror.cacheDir);
  const workDir = join(cacheDir, 'runs', createHash('sha256').update(dataDir).digest('hex').slice(0, 16));
  const isolations = shutIns(config).map(({ isolation }) => isolation);
  const recovered = await store.recover(async ({ processes }) => {
    const group = storedGroup(processes);
    if (group !== undefined) await endOrphan(group, { isolations, env: context.env });
  });
  for (const { id, name, subject, attempt, attempts, delivery } of recovered) {
    const next = attempt < attempts ? 'it is taken up again' : 'that was its last attempt';
    log.warn(`run ${id} (${name} of ${subject.repo}) was interrupted: ${next}`, { run: id, delivery });
  }
  // Whoever could still write there has been ended.
  await removeTree(workDir);
  const git: GitContext = { env: context.env, withheld: secretVariables(config, context.env), tempRoot: tmpdir() };
  const debug = (message: string) => log.debug(message);
  const warn = (message: string) => log.warn(message);
  const inProcess = openInProcess({ context: git, userAgent: `git/sluice-${version}`, debug });
  const forges = forgePorts(served, { git, inProcess, time });
  const onOutput = throttled(logEventMs, (run) => feed.tell({ kind: 'log', id: run }));
  const scripts = scriptHandler({
    ...forges,
    store,
    debug,
    run: openScripts({
      served,
      config,
      git,
      cache: { cacheDir, waitMs: 600_000 },
      workDir,
      logOf: core.logOf,
      runUrl: core.runUrl,
      onOutput,
      warn,
      time,
    }),
  });
  const mirrors = mirrorHandler({
    ...forges,
    mirror: openMirrorNow(context, { config, served, time }),
    includesInternal: (repo) => servedAs(served, repo).entry.mirror?.changes?.includeInternal === true,
    writeLog: (run, lines) => writeLog(core.logOf(run), lines),
  });
  const status = statusHandler({ setStatus: forges.setStatus, runUrl: core.runUrl, warn });
  const report = reportHandler(forges);
  const judge = judgeHandler(store);
  const { total, perRepository } = config.serve.concurrency;
  const limits = (queues: WorkOptions['queues']) => ({ queues, concurrency: total, perRepository });
  const small = { status, report, judge } as const;
  const workers: readonly Worker[] = [
    store.work(limits(['mirror']), within(mirrors)),
    store.work(limits(['script']), within(scripts)),
    store.work(
      smallJobs,
      within((job) => small[job.queue as keyof typeof small](job)),
    ),
  ];
  return {
    async stop(graceMs) {
      await Promise.all(workers.map((worker) => worker.stop(graceMs)));
      inProcess.close();
      await removeTree(workDir);
    },
  };
}

const logEventMs = 250;

/** Tells at most once in so long for each id, and always once more after the last. */
function throttled(ms: number, tell: (id: string) => void): (id: string) => void {
  const waiting = new Set<string>();
  return (id) => {
    if (waiting.has(id)) return;
    waiting.add(id);
    setTimeout(() => {
      waiting.delete(id);
      tell(id);
    }, ms).unref();
  };
}

/** What a run did that has no process of its own; each attempt anew. */
async function writeLog(path: string, lines: readonly string[]): Promise<void> {
  await makeDirectory(dirname(path), 0o700);
  await rm(path, { force: true });
  await appendFile(path, redact(`${lines.join('\n')}\n`), { mode: 0o600 });
}
