import type { NewJob } from '../jobs/store.ts';
import type { Change } from '../model/change.ts';
import { type Oid, type RefName, shortName } from '../model/ref.ts';
import type { MirrorData } from './job-data.ts';
import { mirrorLane, mirrorPatience, type Topic } from './lanes.ts';
import { type RepoName, repoText } from './repo-pattern.ts';

export interface MirrorTopic {
  readonly event: string;
  readonly topic: Topic | 'everything';
  readonly branch?: string | undefined;
  readonly sha?: Oid | undefined;
  readonly title?: string | undefined;
  readonly reports: boolean;
}

/** One job that brings a part of a mapping up to date (pure). A running one comes to its end: the next reads everything again. */
export function mirrorJob(repo: RepoName, { event, topic, branch, sha, title, reports }: MirrorTopic): NewJob {
  const lane = mirrorLane(repo, topic);
  const ref = topic !== 'everything' && 'ref' in topic ? topic.ref : undefined;
  const change = topic !== 'everything' && 'change' in topic ? topic.change : undefined;
  const data: MirrorData = { repo, what: topic, title, reports };
  return {
    rule: lane,
    queue: 'mirror',
    name: 'mirror',
    subject: { repo: repoText(repo), event, ref, branch: branch ?? branchOf(ref), sha, change },
    lane,
    key: lane,
    data,
    patience: mirrorPatience,
  };
}

/** For a change request as a forge describes it. */
export function mirrorChangeJob(
  repo: RepoName,
  { event, reports }: Pick<MirrorTopic, 'event' | 'reports'>,
  change: Change,
): NewJob {
  const { number, title, head } = change;
  return mirrorJob(repo, { event, topic: { change: number }, branch: head.branch, sha: head.sha, title, reports });
}

function branchOf(ref: RefName | undefined): string | undefined {
  return ref === undefined ? undefined : shortName(ref);
}
