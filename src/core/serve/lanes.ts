import type { Patience } from '../jobs/store.ts';
import type { RefName } from '../model/ref.ts';
import { type RepoName, repoText } from './repo-pattern.ts';

// Which jobs keep an order among themselves, and how patient they are.

/** A ref or a change request: what a job is about. */
export type Topic = { readonly ref: RefName } | { readonly change: number };

export function mirrorLane(repo: RepoName, topic: Topic | 'everything'): string {
  return `mirror ${repoText(repo)} ${topic === 'everything' ? topic : topicText(topic)}`;
}

export function scriptLane(repo: RepoName, topic: Topic): string {
  return `script ${repoText(repo)} ${topicText(topic)}`;
}

export function statusLane(repo: RepoName, sha: string, context: string): string {
  return `status ${repoText(repo)} ${sha} ${context}`;
}

function topicText(topic: Topic): string {
  return 'ref' in topic ? topic.ref : `change ${topic.change}`;
}

const minute = 60_000;

/** A forge that is down for some hours is waited for; the next reconciliation would find the difference anyway. */
export const mirrorPatience: Patience = { attempts: 16, delayMs: 5_000, longestMs: 15 * minute };

/** Crashes of sluice count too: a script that takes it down must not be begun for ever. */
export const scriptPatience: Patience = { attempts: 12, delayMs: 10_000, longestMs: 15 * minute };

/** With the hourly attempts at the end this is most of a day; then the forge has had its chance. */
export const statusPatience: Patience = { attempts: 30, delayMs: 5_000, longestMs: 60 * minute };
