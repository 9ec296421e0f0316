import { measure } from './measure.ts';
import { startChild } from './poll-child.ts';
import type { PollGround, UrlOptions } from './poll-ground.ts';
import { type PollReport, pollReportOf } from './poll-report.ts';
import type { WatcherAnswer, WatcherQuestion } from './poll-watcher.ts';
import { type Contender, runRounds, type Sample } from './rounds.ts';

export interface Scene extends UrlOptions {
  readonly title: string;
  /** Cycles of sluice in each round, and as many before the first one as make a process that has run for long. */
  readonly cycles: number;
  readonly warmCycles: number;
  /** Looks of each peer in each round; they cost the same however many repositories there are. */
  readonly peerLooks: number;
  /** Whether sluice is also measured with a memory that it loses after each look. */
  readonly reread: boolean;
}

export const sluice = 'sluice poll';
export const reread = 'sluice poll, reading every answer';
export const lsRemote = 'git ls-remote --heads';
export const pyci = 'pyci: git fetch -p; git for-each-ref';
export const bare = 'bare requests';

const lsRemoteScript = 'for url in "$@"; do git ls-remote --heads "$url" > /dev/null; done';
const pyciScript = 'for url in "$@"; do git -C "$CLONE" fetch -q -p; git -C "$CLONE" for-each-ref > /dev/null; done';

/** All contenders of one scene, interleaved; every figure is per repository and cycle. */
export async function runScene(
  ground: PollGround,
  scene: Scene,
  options: { readonly rounds: number; readonly onRun: (text: string) => void },
): Promise<PollReport> {
  await using stack = new AsyncDisposableStack();
  const urls = ground.urls(scene);
  const rss = new Map<string, number>();
  const contenders: Contender[] = [];

  async function addWatcher(name: string, script: string, forgetful = false): Promise<void> {
    options.onRun(`${scene.title}: first sight, ${name}`);
    const child = stack.use(startChild<WatcherQuestion, WatcherAnswer>(script, ground.env));
    const dir = await ground.newDir(`${scene.title}, ${name}`.replaceAll(/\W+/g, '-'));
    await child.ask({ task: { urls, dir, reread: forgetful }, cycles: scene.warmCycles });
    const looks = scene.cycles * urls.length;
    contenders.push({
      name,
      kind: name === bare ? 'limit' : 'sluice',
      async run() {
        await ground.takeTraffic();
        const answer = await child.ask({ cycles: scene.cycles });
        rss.set(name, Math.max(rss.get(name) ?? 0, answer.rss));
        const problem = answer.told.length === 0 ? undefined : `not unchanged: ${answer.told.slice(0, 3).join(', ')}`;
        return await perLook({ ...answer, problem }, looks, looks, ground);
      },
    });
  }

  function addPeer(name: string, script: string, clone: string): void {
    const asked = Array.from({ length: scene.peerLooks }, (_, at) => urls[at % urls.length] ?? '');
    contenders.push({
      name,
      kind: 'peer',
      async run() {
        await ground.takeTraffic();
        const { status, stderr, ...figures } = await measure({
          argv: asked,
          script,
          env: { ...ground.env, CLONE: clone },
          cwd: clone,
        });
        const problem = status === 0 ? undefined : `status ${status}: ${stderr.trim().slice(-200)}`;
        return await perLook({ ...figures, problem }, asked.length, asked.length * 2, ground);
      },
    });
  }

  await addWatcher(sluice, 'poll-watcher.ts');
  if (scene.reread) await addWatcher(reread, 'poll-watcher.ts', true);
  if (scene.peerLooks > 0) {
    const clone = await ground.clone(urls[0] ?? '', `${scene.title}-clone`.replaceAll(/\W+/g, '-'));
    addPeer(lsRemote, lsRemoteScript, clone);
    addPeer(pyci, pyciScript, clone);
  }
  await addWatcher(bare, 'poll-bare.ts');
  const results = await runRounds(contenders, options.rounds, (text) => options.onRun(`${scene.title}: ${text}`));
  return pollReportOf({ title: scene.title, unit: 'per repository and cycle', contenders, results, rss });
}

/** A look that asks less than it must has looked at nothing. */
async function perLook(
  { wallMs, cpuMs, problem }: Pick<Sample, 'wallMs' | 'cpuMs' | 'problem'>,
  looks: number,
  expected: number,
  ground: PollGround,
): Promise<Sample> {
  const { requests, up, down, advert } = await ground.takeTraffic();
  return {
    wallMs: wallMs / looks,
    cpuMs: cpuMs / looks,
    traffic: { requests: requests / looks, up: up / looks, down: down / looks, advert },
    problem: problem ?? (requests === expected ? undefined : `${requests} requests instead of ${expected}`),
  };
}
