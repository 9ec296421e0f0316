import { join } from 'node:path';
import type { Attempt, Place } from './attempt.ts';
import * as recipes from './recipes.ts';
import type { Goal, Measurement } from './report.ts';
import { bestPeer, median, pairedRatio } from './rounds.ts';
import { branchRef, type ChangeHead, type Destination, type Site } from './site.ts';

export interface MirrorTask {
  readonly id: 'A' | 'B' | 'C' | 'D';
  readonly title: string;
  readonly destination: Destination;
  readonly attempts: readonly Attempt[];
  goals(measurement: Measurement): readonly Goal[];
}

const relay = 'sluice (relay)';
const thin = 'sluice (git: thin)';
const full = 'sluice --cache always, warm';
const limit = 'bare requests, ids known';
const relayEach = 'sluice (relay), one at a time';
const thinEach = 'sluice (git: thin), one at a time';
const sampleSize = 8;

// sluice leaves HTTP to git as soon as the environment says how git shall do it; git's name makes no difference to the server.
const forcesGit = { GIT_HTTP_USER_AGENT: 'git/bench' };

export function mirrorTasks(site: Site): readonly MirrorTask[] {
  return [sameRepository(site), otherRepository(site), manyChanges(site), nothingToDo(site)];
}

function sameRepository({ change, size }: Site): MirrorTask {
  const heads = [change];
  const one = ['--pr', String(change.number)];
  return {
    id: 'A',
    title: `task A: --pr ${change.number}, into the same repository (${size})`,
    destination: 'same',
    attempts: [
      sluice(relay, heads, one),
      sluice(thin, heads, one, { env: forcesGit }),
      sluice(full, heads, [...one, '--cache', 'always'], { env: forcesGit, warm: 'cache' }),
      ...[recipes.shallowClone, recipes.bareClone, recipes.mirrorClone, recipes.initFetch].map((one) =>
        peer(one, heads),
      ),
      bareRequests(heads, { wants: [], haves: [] }),
    ],
    goals: (measurement) => oneChangeGoals(measurement, 'A', 100_000),
  };
}

function otherRepository({ change, mainOid, size }: Site): MirrorTask {
  const heads = [change];
  const one = ['--pr', String(change.number)];
  return {
    id: 'B',
    title: `task B: --pr ${change.number}, into a repository that has the base branch only (${size})`,
    destination: 'main-only',
    attempts: [
      sluice(relay, heads, one),
      sluice(thin, heads, one, { env: forcesGit }),
      sluice(full, heads, [...one, '--cache', 'always'], { env: forcesGit, warm: 'cache' }),
      ...[recipes.bloblessClone, recipes.bareClone, recipes.mirrorClone, recipes.initFetch].map((one) =>
        peer(one, heads),
      ),
      bareRequests(heads, { wants: [change.oid], haves: [mainOid] }),
    ],
    goals: (measurement) => oneChangeGoals(measurement, 'B', 500_000),
  };
}

function manyChanges({ changes, mainOid }: Site): MirrorTask {
  const sample = changes.slice(0, sampleSize);
  const all = ['--ref', 'refs/pull/*/head:refs/heads/pr/*'];
  const each = recipes.keptCloneEach;
  return {
    id: 'C',
    title: `task C: ${changes.length} change requests in one run, per ref; one at a time: a sample of ${sample.length}`,
    destination: 'main-only',
    attempts: [
      { ...sluice(relay, changes, all), perRef: true },
      { ...sluice(thin, changes, all, { env: forcesGit }), perRef: true },
      sluiceEach(relayEach, sample, {}),
      sluiceEach(thinEach, sample, forcesGit),
      { ...peer(each, sample), perRef: true },
      { ...peer(recipes.keptCloneTogether, changes), perRef: true },
      { ...bareRequests(changes, { wants: changes.map(({ oid }) => oid), haves: [mainOid] }), perRef: true },
    ],
    goals: ({ results }) => [
      ratioGoal('C relay, per ref, to git one at a time', pairedRatio(results, relay, each.name), 0.03),
      ratioGoal('C thin, per ref, to git one at a time', pairedRatio(results, thin, each.name), 0.1),
      ratioGoal('C relay, per ref, to itself one at a time', pairedRatio(results, relay, relayEach), 0.1),
      ratioGoal('C thin, per ref, to itself one at a time', pairedRatio(results, thin, thinEach), 0.1),
    ],
  };
}

function nothingToDo({ change }: Site): MirrorTask {
  const heads = [change];
  const one = ['--pr', String(change.number)];
  const listing = {
    ...bareRequests(heads, {}),
    taskFile: (place: Place) => ({ list: [place.source, place.destination] }),
  };
  return {
    id: 'D',
    title: `task D: --pr ${change.number} again, nothing to do`,
    destination: 'mirrored',
    attempts: [
      sluice('sluice', heads, one),
      sluice('sluice (git: ls-remote)', heads, one, { env: forcesGit }),
      peer(recipes.keptCloneOnce, heads),
      { ...listing, name: 'bare requests: two listings' },
    ],
    goals: () => [],
  };
}

function sluice(
  name: string,
  heads: readonly ChangeHead[],
  flags: readonly string[],
  more: { readonly env?: Readonly<Record<string, string>>; readonly warm?: 'cache' } = {},
): Attempt {
  return {
    name,
    kind: 'sluice',
    heads,
    warm: more.warm,
    command: ({ launcher, source, destination }) => ({
      argv: [process.execPath, launcher, 'mirror', source, destination, ...flags],
      env: more.env ?? {},
    }),
  };
}

function sluiceEach(name: string, heads: readonly ChangeHead[], env: Readonly<Record<string, string>>): Attempt {
  return {
    name,
    kind: 'sluice',
    heads,
    perRef: true,
    command: ({ launcher }) => ({
      argv: [process.execPath, launcher, 'mirror'],
      script: 'for N in $SAMPLE; do "$@" "$SRC" "$DST" --pr "$N"; done',
      env: { ...env, SAMPLE: sampleText(heads) },
    }),
  };
}

function peer({ name, script, warm }: recipes.Recipe, heads: readonly ChangeHead[]): Attempt {
  return { name, kind: 'peer', heads, warm, command: () => ({ argv: [], script, env: { SAMPLE: sampleText(heads) } }) };
}

function bareRequests(
  heads: readonly ChangeHead[],
  objects: { readonly wants?: readonly string[]; readonly haves?: readonly string[] },
): Attempt {
  return {
    name: limit,
    kind: 'limit',
    heads,
    command: ({ taskFile }) => ({ argv: [process.execPath, join(import.meta.dirname, 'limit.js'), taskFile] }),
    taskFile: ({ source, destination }) => ({
      source,
      destination,
      ...objects,
      updates: heads.map((head) => ({ name: branchRef(head), oid: head.oid })),
    }),
  };
}

function sampleText(heads: readonly ChangeHead[]): string {
  return heads.map(({ number }) => number).join(' ');
}

function oneChangeGoals(measurement: Measurement, id: string, byteLimit: number): readonly Goal[] {
  const { contenders, results, disk } = measurement;
  const best = bestPeer(contenders, results);
  const goals = [
    ...(best === undefined
      ? []
      : [ratioGoal(`${id} thin to the best correct peer`, pairedRatio(results, thin, best), 0.1)]),
    ratioGoal(`${id} relay to thin`, pairedRatio(results, relay, thin), 0.45),
  ];
  for (const name of [thin, relay]) {
    const moved = (results.get(name) ?? []).map(({ traffic }) => traffic).filter((traffic) => traffic !== undefined);
    const beyond = median(moved.map(({ up, down, advert }) => up + down - advert));
    goals.push({
      what: `${id} ${name}, bytes beyond the advertisement`,
      measured: beyond,
      limit: byteLimit,
      unit: 'bytes',
    });
    const size = disk?.get(name) ?? Number.NaN;
    goals.push({ what: `${id} ${name}, disk`, measured: size, limit: 1_000_000, unit: 'bytes' });
  }
  return goals;
}

function ratioGoal(what: string, measured: number, limit: number): Goal {
  return { what, measured, limit, unit: 'x' };
}
