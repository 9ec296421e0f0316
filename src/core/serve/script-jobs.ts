import type { NewJob } from '../jobs/store.ts';
import type { Oid, RefName } from '../model/ref.ts';
import { shortName } from '../model/ref.ts';
import type { ChangeFacts, ScriptData } from './job-data.ts';
import { scriptLane, scriptPatience } from './lanes.ts';
import { type RepoName, repoText } from './repo-pattern.ts';
import type { RouteRules } from './rules.ts';
import { type ScriptEvent, scriptsFor } from './script-name.ts';

export interface ScriptTrigger {
  readonly repo: RepoName;
  readonly event: ScriptEvent;
  readonly ref: RefName;
  readonly sha: Oid | undefined;
  readonly before: Oid | undefined;
  readonly change?: ChangeFacts | undefined;
}

const runEvents = { push: 'push', pull_request: 'change', tag: 'tag', delete: 'delete' } as const;

/** Hook scripts in name order, then the configured commands in theirs; one job each (pure). */
export function scriptJobs(rules: RouteRules, trigger: ScriptTrigger): readonly NewJob[] {
  const { repo, event, ref, change } = trigger;
  const others = rules.all
    .map((entry) => entry.repo)
    .filter(({ path }) => !path.includes('*') && path.toLowerCase() !== repo.path.toLowerCase())
    .map(({ path }) => path);
  const hooks = scriptsFor(rules.scripts, { event, repo: repo.path, others }).map((hook) => ({ hook }));
  const branch = change?.baseBranch ?? shortName(ref);
  const runs = rules.own.runs
    .filter(({ on, runsFor }) => on.includes(runEvents[event]) && runsFor(branch))
    .map(({ name }) => ({ run: name }));
  return [...hooks, ...runs].map((script) => scriptJob(rules, trigger, script));
}

function scriptJob(
  { own }: RouteRules,
  { repo, event, ref, sha, before, change }: ScriptTrigger,
  script: ScriptData['script'],
): NewJob {
  const name = 'hook' in script ? script.hook : script.run;
  const lane = scriptLane(repo, change === undefined ? { ref } : { change: change.number });
  const key = `${lane} ${'hook' in script ? 'hook' : 'run'} ${name}`;
  const data: ScriptData = { repo, event, script, ref, sha, before, change, reports: own.reports };
  return {
    rule: key,
    queue: 'script',
    name,
    subject: {
      repo: repoText(repo),
      event,
      ref,
      branch: change?.headBranch ?? shortName(ref),
      sha: sha ?? before,
      change: change?.number,
    },
    lane,
    key,
    endsRunning: true,
    data,
    patience: scriptPatience,
  };
}
