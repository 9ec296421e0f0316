import { SluiceError } from '../../errors.ts';
import type { Oid } from '../../model/ref.ts';
import { type BareRepository, dropRemoteSettings, withThrowAwayRepository } from '../bare.ts';
import { runRemote } from '../remote.ts';
import { fetchInto, shallowBoundary } from './fetch.ts';
import { parseParents, uncoveredTips } from './graph.ts';
import { pushUpdates } from './push.ts';
import { leaveAll, type Transfer, type TransferJob, type TransferOutcome } from './transfer.ts';

/**
 * Moves refs through a throw-away bare repository that holds only the newest commits of each tip, and uploads only what the
 * destination lacks. In this order, because each step guards against a trap of the next:
 *
 * 1. fetch with a depth *and* a filter. The filter alone turns into a full clone where the server ignores it; the depth
 *    alone brings every blob.
 * 2. drop the promisor settings, or pack-objects fetches trees back while it pushes.
 * 3. ask the destination which commits it has (`fetch --negotiate-only`). A plain push knows only advertised refs and
 *    re-uploads the whole tree to a server that hides refs/pull; `push.negotiate` alone goes on when nothing is common.
 * 4. push only tips whose missing history is complete here, with the old values expected.
 *
 * A tip with more new commits than the depths below, or with foreign history, is left for another way and cost no more than
 * those depths: one rogue change request cannot blow up its batch.
 */
export const thinTransfer: Transfer = { name: 'thin', run: runThin };

// Same repository: the commit itself is known there. Otherwise most change requests are within 15 commits, nearly all within 127.
const depths = { same: [1], other: [16, 128] } as const;

async function runThin(job: TransferJob): Promise<TransferOutcome> {
  const tips = [...new Set(job.updates.flatMap((update) => update.new ?? []))];
  if (tips.length > 0 && job.emptyDestination) return leaveAll(job.updates, 'the destination is empty');
  return await withThrowAwayRepository(job.context, job.format, async (repository) => {
    const { ready, reason } = await prepareTips(job, repository, tips);
    const left = job.updates.filter((update) => update.new !== undefined && !ready.has(update.new));
    if (left.length > 0 && (job.atomic || left.length === job.updates.length)) return leaveAll(job.updates, reason);
    const updates = job.updates.filter((update) => !left.includes(update));
    const pushed = await pushUpdates({ ...job, updates }, repository.dir, { negotiate: ready.size > 0 });
    refuseShallow(job, pushed.results);
    return { ...pushed, left, reason };
  });
}

interface Prepared {
  readonly ready: ReadonlySet<Oid>;
  readonly reason: string;
}

async function prepareTips(job: TransferJob, repository: BareRepository, tips: readonly Oid[]): Promise<Prepared> {
  const ready = new Set<Oid>();
  let open = tips;
  for (const depth of job.sameRepository ? depths.same : depths.other) {
    if (open.length === 0) break;
    const covered = await coveredTips(job, repository, open, depth);
    if (covered === undefined) return { ready, reason: `${job.to.display} cannot be asked what it has before a push` };
    for (const tip of covered) ready.add(tip);
    open = open.filter((tip) => !covered.has(tip));
    if ((await shallowBoundary(repository)).size === 0) break;
  }
  return { ready, reason: `${job.to.display} lacks more of the history than a shallow fetch brings` };
}

/** The tips that can be pushed from here; undefined when the destination does not negotiate. */
async function coveredTips(
  job: TransferJob,
  repository: BareRepository,
  tips: readonly Oid[],
  depth: number,
): Promise<ReadonlySet<Oid> | undefined> {
  await fetchInto(job.context, repository, job.from, {
    refspecs: tips.map((tip) => `${tip}:refs/sluice/new/${tip}`),
    depth,
    // For one repository no tree is needed at all. Otherwise trees tell which blobs are new, and only those are fetched.
    filter: job.sameRepository ? 'tree:0' : 'blob:none',
  });
  await dropRemoteSettings(repository, job.format);
  const commits = await commitsOf(repository, new Set(tips));
  if (commits.size === 0) return new Set();
  const common = await negotiate(job, repository, [...commits.values()]);
  if (common === undefined) return undefined;
  const list = await repository.git('rev-list', '--parents', ...commits.values(), '--not', ...common);
  const uncovered = uncoveredTips([...commits.values()], parseParents(list));
  const covered = [...commits].filter(([, commit]) => !uncovered.has(commit));
  await fetchMissingBlobs(job, repository, { commits: new Set(covered.map(([, commit]) => commit)), common });
  return new Set(covered.map(([tip]) => tip));
}

/**
 * Fetches the blobs that the filter left out and the destination lacks, in one request. git would do it by itself during the
 * push, but then with the destination's credential, and with the trees of everything it only looks at.
 */
async function fetchMissingBlobs(
  job: TransferJob,
  repository: BareRepository,
  { commits, common }: { readonly commits: ReadonlySet<Oid>; readonly common: readonly Oid[] },
): Promise<void> {
  if (commits.size === 0 || job.sameRepository) return;
  const list = await repository.git('rev-list', '--objects', '--missing=print', ...commits, '--not', ...common);
  const missing = list.split('\n').flatMap((line) => (line.startsWith('?') ? [line.slice(1)] : []));
  if (missing.length === 0) return;
  await fetchInto(job.context, repository, job.from, { refspecs: missing, filter: 'blob:none', withoutHaves: true });
  await dropRemoteSettings(repository, job.format);
}

/** The commit of each tip, annotated tags peeled; a tagged tree or blob has none and is left out. */
async function commitsOf(repository: BareRepository, tips: ReadonlySet<Oid>): Promise<ReadonlyMap<Oid, Oid>> {
  const format = '%(objectname) %(objecttype) %(*objectname) %(*objecttype)';
  const list = await repository.git('for-each-ref', `--format=${format}`, 'refs/sluice/new');
  const commits = new Map<Oid, Oid>();
  for (const line of list.split('\n')) {
    const [oid = '', type, peeled = '', peeledType] = line.split(' ');
    if (!tips.has(oid)) continue;
    if (type === 'commit') commits.set(oid, oid);
    if (peeledType === 'commit') commits.set(oid, peeled);
  }
  return commits;
}

/**
 * Commits of ours that the destination has, learnt without sending anything (git-fetch(1), --negotiate-only; the server needs
 * protocol v2 with wait-for-done, git 2.32). Undefined when it cannot be asked.
 *
 * git fails as a whole when a single tip has nothing in common with the destination: its last request then holds no "have", which
 * the server takes for a clone (fetch-pack.c, negotiate_using_fetch). So such tips are found by halving, with an end to it.
 */
async function negotiate(
  job: TransferJob,
  repository: BareRepository,
  commits: readonly Oid[],
): Promise<readonly Oid[] | undefined> {
  const common: Oid[] = [];
  const groups = [commits];
  // The list grows while it is read: a group that is cut in two is looked at after all larger ones.
  for (const [asked, group] of groups.entries()) {
    if (asked === mostNegotiations) break;
    const answer = await negotiateOnce(job, repository, group);
    if (answer === 'cannot be asked') return undefined;
    if (answer !== 'not all') common.push(...answer);
    else if (group.length > 1) groups.push(...halves(group));
  }
  return common;
}

// What was not asked counts as not there, so its tips go another way; this many are 2 s at most.
const mostNegotiations = 32;

function halves<T>(group: readonly T[]): readonly (readonly T[])[] {
  const middle = Math.ceil(group.length / 2);
  return [group.slice(0, middle), group.slice(middle)];
}

async function negotiateOnce(
  job: TransferJob,
  repository: BareRepository,
  commits: readonly Oid[],
): Promise<readonly Oid[] | 'not all' | 'cannot be asked'> {
  const purpose = `ask ${job.to.display} what it has`;
  const tips = commits.map((commit) => `--negotiation-tip=${commit}`);
  const args = ['-c', 'protocol.version=2', 'fetch', '--quiet', '--negotiate-only', ...tips, '--', job.to.url];
  const result = await runRemote(job.context, job.to, { args, cwd: repository.dir, purpose });
  if (result.status !== 0) return /expected 'acknowledgments'/.test(result.stderr) ? 'not all' : 'cannot be asked';
  return result.stdout
    .toString('utf8')
    .split('\n')
    .filter((line) => /^[0-9a-f]{40,64}$/.test(line));
}

/** The checks above make this impossible; if a server disagrees, it must not pass for an ordinary refusal. */
function refuseShallow(job: TransferJob, results: TransferOutcome['results']): void {
  if (!results.some((result) => !result.ok && result.reason.includes('shallow update not allowed'))) return;
  throw new SluiceError('internal', `the push to ${job.to.display} was cut short although its history was checked`, {
    hint: 'Use --cache always, and please report this with the output of --verbose.',
  });
}
