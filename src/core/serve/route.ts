import type { NewJob } from '../jobs/store.ts';
import type { ChangeEvent, CheckEvent, EndorsementEvent, ForgeEvent, PushEvent } from '../model/event.ts';
import { inboundMirrors } from './inbound.ts';
import type { JudgeData, ReportData } from './job-data.ts';
import { mirrorPatience, scriptLane, statusPatience } from './lanes.ts';
import { mirrorChangeJob, mirrorJob } from './mirror-jobs.ts';
import { matchRepo, type RepoName, repoText } from './repo-pattern.ts';
import type { RouteRules } from './rules.ts';
import { scriptJobs } from './script-jobs.ts';
import type { Routed } from './source.ts';

/** Jobs, or why there are none. */
type Found = readonly NewJob[] | string;

/**
 * What a delivery of this source leads to (pure). Repositories, destinations and credentials come from the configuration; of the delivery only
 * names that are matched against it, and hints that the handlers check against the forge.
 */
export function route(events: readonly ForgeEvent[], rules: RouteRules): Routed {
  const routed = events.map((event) => routeOne(event, rules));
  const jobs = lastOfEach(routed.flatMap((one) => one.jobs));
  const reasons = new Set(routed.flatMap(({ reason }) => reason ?? []));
  return {
    repo: routed.find(({ repo }) => repo !== undefined)?.repo,
    jobs,
    reason: jobs.length > 0 ? undefined : [...reasons].join('; ') || 'it says nothing',
  };
}

/** Bitbucket lists what a push changed: of a ref that it names twice the later entry counts. */
function lastOfEach(jobs: readonly NewJob[]): readonly NewJob[] {
  return jobs.length < 2 ? jobs : [...new Map(jobs.map((job) => [job.rule, job])).values()];
}

function routeOne(event: ForgeEvent, rules: RouteRules): Routed {
  if (event.kind === 'ping') return { repo: undefined, jobs: [], reason: 'a ping' };
  if (event.kind === 'ignored') return { repo: undefined, jobs: [], reason: event.reason };
  const { alias, path } = rules.own.repo;
  if (matchRepo(path, event.repo) === undefined) {
    const reason = `the repository ${event.repo} is not configured for this source (it is for ${alias}:${path})`;
    return { repo: undefined, jobs: [], reason };
  }
  // Forges ignore case in names: one repository must not have two queues because the configuration spells it otherwise.
  const repo = path.includes('*') ? { alias, path: event.repo } : rules.own.repo;
  const found = routeKnown(event, repo, rules);
  if (typeof found === 'string') return { repo: repoText(repo), jobs: [], reason: found };
  return { repo: repoText(repo), jobs: found, reason: undefined };
}

function routeKnown(
  event: Exclude<ForgeEvent, { kind: 'ping' | 'ignored' }>,
  repo: RepoName,
  rules: RouteRules,
): Found {
  switch (event.kind) {
    case 'push':
      return routePush(event, repo, rules);
    case 'change':
      return routeChange(event, repo, rules);
    case 'endorsement':
      return routeEndorsement(event, repo, rules);
    case 'check':
      return routeCheck(event, repo, rules);
  }
}

function routePush({ ref, before, after }: PushEvent, repo: RepoName, rules: RouteRules): Found {
  const { mirror, reports, runMirrored } = rules.own;
  const mirrored = mirror?.selects(ref)
    ? [mirrorJob(repo, { event: 'push', topic: { ref }, sha: after, reports })]
    : [];
  const ours = !runMirrored && inboundMirrors(rules.all, repo).some(({ rule }) => rule.owns(ref));
  const kind = /^refs\/(heads|tags)\//.exec(ref)?.[1];
  const arrived = kind === 'tags' ? 'tag' : 'push';
  const event = after === undefined ? 'delete' : arrived;
  const scripts = ours || kind === undefined ? [] : scriptJobs(rules, { repo, event, ref, sha: after, before });
  if (mirrored.length + scripts.length > 0) return [...mirrored, ...scripts];
  if (ours) return `${ref} is written by sluice's own mirroring, which runs no scripts (runMirrored)`;
  return `nothing is mirrored or run for ${event} of ${ref}`;
}

function routeChange({ action, change }: ChangeEvent, repo: RepoName, rules: RouteRules): Found {
  const changes = rules.own.mirror?.changes;
  const mirrors = changes !== undefined && (changes.includeInternal || !change.internal);
  const mirrored = mirrors
    ? [mirrorChangeJob(repo, { event: `change ${action}`, reports: rules.own.reports }, change)]
    : [];
  const begins = action === 'opened' || action === 'updated' || action === 'reopened';
  const { number, title, head, base } = change;
  const facts = { number, title, headRepo: head.repo, headBranch: head.branch, baseBranch: base.branch };
  const trigger = { repo, event: 'pull_request', ref: `refs/heads/${head.branch}`, before: undefined } as const;
  const ends = action === 'closed' || action === 'merged';
  // Whatever waits for a person need not wait any more.
  const settled = ends ? judgeJobs(repo, { event: `change ${action}`, number }, rules) : [];
  const scripts = begins ? scriptJobs(rules, { ...trigger, sha: head.sha, change: facts }) : settled;
  if (mirrored.length + scripts.length > 0) return [...mirrored, ...scripts];
  if (changes !== undefined && change.internal) return 'its head is in the same repository (includeInternal)';
  return `nothing is mirrored or run for a change request that was ${action}`;
}

/** Somebody may have vouched for it: what waits for that is judged anew. */
function routeEndorsement({ what, number }: EndorsementEvent, repo: RepoName, rules: RouteRules): Found {
  const event = `change ${what}`;
  const { mirror, reports } = rules.own;
  const mirrored =
    mirror?.changes === undefined ? [] : [mirrorJob(repo, { event, topic: { change: number }, reports })];
  const jobs = [...mirrored, ...judgeJobs(repo, { event, number }, rules)];
  return jobs.length > 0 ? jobs : 'nothing is mirrored or run for change requests';
}

/** In the lane of its scripts: one that is being judged now has ended, and waits or not, before this runs. */
function judgeJobs(
  repo: RepoName,
  { event, number }: { readonly event: string; readonly number: number },
  { own, scripts }: RouteRules,
): readonly NewJob[] {
  const runs = own.runs.some(({ on }) => on.includes('change'));
  if (!runs && !scripts.some((name) => name.startsWith('pull_request-'))) return [];
  const lane = scriptLane(repo, { change: number });
  const data: JudgeData = { repo, change: number };
  const job: NewJob = {
    rule: `judge ${number}`,
    queue: 'judge',
    name: 'trust',
    subject: { repo: repoText(repo), event, change: number },
    lane,
    key: `judge ${lane}`,
    data,
    patience: mirrorPatience,
    forget: true,
  };
  return [job];
}

/** A CI at the mirror said something of a commit: it is told to where the commit came from. */
function routeCheck({ sha, ref, name, state, description, url }: CheckEvent, to: RepoName, rules: RouteRules): Found {
  const inbound = inboundMirrors(rules.all, to).filter(({ from }) => from !== undefined && !isSame(from, to));
  if (inbound.length === 0) return 'nothing is mirrored from elsewhere to this repository';
  if (rules.all.some(({ repo }) => name.startsWith(`${repo.alias}/`))) return `${name} was reported by sluice itself`;
  const jobs = inbound.flatMap(({ rule, from }) => {
    if (from === undefined || (ref !== undefined && !rule.owns(ref))) return [];
    const data: ReportData = { from, to, check: { sha, name, state, description, url } };
    const lane = `report ${repoText(to)} ${sha} ${name}`;
    const job: NewJob = {
      rule: `${lane} ${repoText(from)}`,
      queue: 'report',
      name,
      subject: { repo: repoText(from), event: 'check', ref, sha },
      lane,
      key: `${lane} ${repoText(from)}`,
      data,
      patience: statusPatience,
      forget: true,
    };
    return [job];
  });
  return jobs.length > 0 ? jobs : `${ref} is not mirrored from elsewhere`;
}

function isSame(a: RepoName, b: RepoName): boolean {
  return a.alias === b.alias && a.path.toLowerCase() === b.path.toLowerCase();
}
