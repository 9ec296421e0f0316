import type { JobStore, RunJob } from '../../jobs/store.ts';
import type { JudgeData } from '../job-data.ts';
import { repoText } from '../repo-pattern.ts';

const mostAtOnce = 100;

/** Lets runs of a change request that wait for a person begin again: each is judged anew when it starts. */
export function judgeHandler(store: Pick<JobStore, 'list' | 'retry'>): RunJob {
  return async (job) => {
    const { repo, change } = job.data as JudgeData;
    const waiting = await store.list({
      repo: repoText(repo),
      change,
      states: ['waiting'],
      queues: ['script'],
      limit: mostAtOnce,
    });
    for (const { id } of waiting) await store.retry(id, { pinned: false });
    return { state: 'success' };
  };
}
