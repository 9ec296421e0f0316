import type { Config, RepositoryMirror } from '../config/config.ts';
import { SluiceError } from '../errors.ts';
import { sameRepository } from '../git/endpoint.ts';
import type { TransferJob } from '../git/transfer/transfer.ts';
import { mirror } from '../mirror/mirror.ts';
import { changeNumberOf } from '../mirror/prune.ts';
import type { RefReport } from '../mirror/report.ts';
import { changeRefNames, matcher, parseRefspec, starPattern } from '../mirror/select.ts';
import { type MirrorFlags, mirrorSettings } from '../mirror/settings.ts';
import { fillTemplate, parseTemplate } from '../mirror/template.ts';
import { type Oid, type RefName, shortName, shortOid } from '../model/ref.ts';
import type { CommandContext } from '../plugins/command.ts';
import type { MirrorNow, MirrorOrder, MirrorResult } from '../serve/ports.ts';
import type { Differences } from '../serve/reconcile.ts';
import { type RepoName, repoText } from '../serve/repo-pattern.ts';
import { openMirror } from './mirror.ts';
import type { TimeGit } from './serve-metrics.ts';
import { destinationOf, type ServedRepository, servedAs } from './serve-repositories.ts';

/** The limit of one run, unless the configuration has another: what hangs must not hold its ref for ever. */
const timeoutMs = 900_000;

/** Fills the `MirrorNow` port with the very plan and apply of `sluice mirror`. */
export function openMirrorNow(
  context: CommandContext,
  { served, ...work }: MirrorWork & { readonly served: readonly ServedRepository[] },
): MirrorNow {
  return async (order, signal) => {
    const one = servedAs(served, order.repo);
    const settings = one.entry.mirror;
    if (settings === undefined) throw new SluiceError('config', `${repoText(order.repo)} is not mirrored any more`);
    const leg = legOf(order, settings, one);
    if (selectsNothing(leg.flags)) return { summary: 'it is not mirrored any more', refused: [], lines: [] };
    return await work.time('mirror', () => runLeg({ ...context, signal }, work, one, order, leg));
  };
}

interface MirrorWork {
  readonly config: Config;
  readonly time: TimeGit;
}

/** One call of `mirror`; branches and change requests have templates and rules of their own. */
interface Leg {
  readonly from: string;
  readonly flags: MirrorFlags;
  /** Refs of the source that may only be seen with this value; undefined: not at all. */
  readonly only?: { readonly refs: readonly RefName[]; readonly oid: Oid | undefined };
}

function legOf(order: MirrorOrder, settings: RepositoryMirror, { forge }: ServedRepository): Leg {
  const { what, repo } = order;
  if (what !== 'everything' && 'change' in what) return changeLeg(order, what.change, settings, forge.changes);
  const { as, exclude } = settings;
  const refspecs = settings.refs.map(parseRefspec);
  if (what === 'everything') {
    return {
      from: repoText(repo),
      flags: { branch: settings.branches, tag: settings.tags, ref: refspecs, as, exclude },
    };
  }
  const { ref } = what;
  const chosen = (prefix: string, globs: readonly string[]) =>
    ref.startsWith(prefix) && matcher(globs, exclude)(shortName(ref)) ? [glob(shortName(ref))] : [];
  return {
    from: repoText(repo),
    flags: {
      branch: chosen('refs/heads/', settings.branches),
      tag: chosen('refs/tags/', settings.tags),
      ref: refspecs.filter(({ from }) => starPattern(from).test(ref)),
      as,
      exclude,
    },
  };
}

/** To `mirror` that would mean all branches and tags. */
function selectsNothing({ branch = [], tag = [], ref = [], pr = [] }: MirrorFlags): boolean {
  return branch.length + tag.length + ref.length + pr.length === 0;
}

/** A glob that matches this name alone. */
function glob(name: string): string {
  return name.replace(/[!()[\]{}*?+@\\|]/g, '\\$&');
}

/** Heads of change requests are rebased; `update: ff` of an entry is for its branches. */
const rebased = { update: 'force' } as const;

function changeLeg(
  { repo, change, head }: MirrorOrder,
  number: number,
  settings: RepositoryMirror,
  role: ServedRepository['forge']['changes'],
): Leg {
  const as = settings.changes?.as ?? 'pr/{number}';
  const { update } = rebased;
  const refs = changeRefNames(number);
  const at = change === undefined ? undefined : role?.headLocation(repo.path, change);
  // Bitbucket Cloud shows heads nowhere but in the branch that they were made from.
  if (head !== undefined && change !== undefined && at?.ref.startsWith('refs/heads/')) {
    const values = { number: String(number), 'head.ref': change.head.branch, 'head.owner': ownerOf(change.head.repo) };
    const to = fillTemplate(parseTemplate(as), values);
    if ('missing' in to) throw new SluiceError('not-found', `the repository of the head of ${number} is gone`);
    const refspec = { from: at.ref, to: `refs/heads/${to.name}`, force: true };
    return { from: `${repo.alias}:${at.repo}`, flags: { ref: [refspec], update }, only: { refs: [at.ref], oid: head } };
  }
  return { from: repoText(repo), flags: { pr: [number], as, prune: true, update }, only: { refs, oid: head } };
}

function ownerOf(path = ''): string {
  return path.slice(0, path.lastIndexOf('/'));
}

async function runLeg(
  context: CommandContext,
  { config, time }: MirrorWork,
  one: ServedRepository,
  { repo }: MirrorOrder,
  { from, flags, only }: Leg,
): Promise<MirrorResult> {
  const settings = mirrorSettings({ timeout: timeoutMs, ...given(one), ...flags, retries: 1 }, config.mirror);
  // A job has no terminal: what it does is in its log.
  const quiet = { ...context, progress: () => {} };
  const to = destinationOf(one, repo) ?? (from === repoText(repo) ? undefined : repoText(repo));
  await using open = await openMirror(quiet, { from, to }, settings);
  const { request, ports } = open;
  const list: typeof ports.list = async (endpoint, prefixes) => {
    const listed = await time('ls-refs', () => ports.list(endpoint, prefixes));
    if (only === undefined || !sameRepository(endpoint, request.from)) return listed;
    return { ...listed, refs: listed.refs.filter((ref) => isAllowed(ref, only)) };
  };
  const timed = ports.transfers.map(({ name, run }) => ({
    name,
    run: (job: TransferJob) => time('transfer', () => run(job)),
  }));
  const { refs, summary, transfers } = await mirror(request, { ...ports, list, transfers: timed });
  const done = refs.filter(({ status }) => status !== 'unchanged');
  const lines = refs.map(lineOf);
  return {
    summary: done.length === 0 ? 'nothing to do: it is up to date' : done.map(shortLine).join(', '),
    refused:
      summary.refused === 0 ? [] : refs.flatMap(({ target, reason }) => (reason ? [`${target}: ${reason}`] : [])),
    lines: [`${request.from.display} → ${request.to.display} ${transfers.join(', ')}`, ...lines],
  };
}

/** The entry's own settings, as flags over the defaults of the configuration. */
function given({ entry: { mirror: settings } }: ServedRepository): MirrorFlags {
  if (settings === undefined) return {};
  const { update, prune, atomic, create, verify } = settings;
  return { prune, atomic, create, verify, ...(update === undefined ? {} : { update }) };
}

/**
 * The commit that was judged is the only one that may be written: the head may have moved since, and a closed change request may have been
 * opened again.
 */
function isAllowed(ref: { readonly name: RefName; readonly oid: Oid }, only: NonNullable<Leg['only']>): boolean {
  if (!only.refs.includes(ref.name)) return true;
  if (only.oid !== undefined && only.oid !== ref.oid) {
    throw new SluiceError('unavailable', `${ref.name} has moved to ${shortOid(ref.oid)} meanwhile`, {
      hint: 'It is looked at again.',
    });
  }
  return only.oid !== undefined;
}

function lineOf({ target, status, old, new: now, reason }: RefReport): string {
  const move = [old, now].flatMap((oid) => (oid === undefined ? [] : [shortOid(oid)])).join(' → ');
  return [status.padEnd(9), target, move, reason ?? ''].join(' ').trimEnd();
}

function shortLine({ target, status }: RefReport): string {
  return `${shortName(target)} ${status}`;
}

/** What a run of everything would change now (a dry run of both mappings). */
export async function findDifferences(
  context: CommandContext,
  config: Config,
  one: ServedRepository,
  repo: RepoName,
): Promise<Differences> {
  const settings = one.entry.mirror;
  if (settings === undefined) return { changes: [], refs: false };
  const look = async (flags: MirrorFlags) => {
    const all = mirrorSettings(
      { timeout: timeoutMs, ...given(one), ...flags, retries: 1, dryRun: true },
      config.mirror,
    );
    const sides = { from: repoText(repo), to: destinationOf(one, repo) };
    await using open = await openMirror({ ...context, progress: () => {} }, sides, all);
    const { refs } = await mirror(open.request, open.ports);
    return refs.filter(({ status }) => status !== 'unchanged');
  };
  const { changes, branches, tags, exclude, refs } = settings;
  const named = { branch: branches, tag: tags, exclude, ref: refs.map(parseRefspec), as: settings.as };
  const selects = branches.length + tags.length + refs.length > 0;
  const template = changes && parseTemplate(changes.as);
  const found = changes === undefined ? [] : await look(changesFlags(changes));
  return {
    changes: found.flatMap(({ target }) => changeNumberOf(target, template) ?? []),
    refs: selects && (await look(named)).length > 0,
  };
}

function changesFlags({ as, includeInternal }: NonNullable<RepositoryMirror['changes']>): MirrorFlags {
  return { prs: true, includeInternal, as, prune: true, ...rebased };
}
