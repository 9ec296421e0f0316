import { describe, expect, test } from 'vitest';
import type { Change } from '../../../src/core/model/change.ts';
import type { ForgeEvent } from '../../../src/core/model/event.ts';
import { route } from '../../../src/core/serve/route.ts';
import type { MirrorRule, RepositoryRules, RouteRules } from '../../../src/core/serve/rules.ts';

const a = 'a'.repeat(40);
const b = 'b'.repeat(40);

const toMirrors: MirrorRule = {
  to: { alias: 'lab', path: 'mirrors/app' },
  changes: { includeInternal: false },
  selects: (ref) => ref === 'refs/heads/main' || ref.startsWith('refs/tags/v'),
  owns: (ref) => ref === 'refs/heads/main' || /^refs\/heads\/pr\/\d+$/.test(ref),
};

function entry(more: Partial<RepositoryRules> = {}): RepositoryRules {
  return {
    repo: { alias: 'gh', path: 'acme/app' },
    mirror: undefined,
    runs: [],
    runMirrored: false,
    reports: true,
    ...more,
  };
}

function rules(own: RepositoryRules, more: Partial<RouteRules> = {}): RouteRules {
  return { own, all: [own], scripts: [], ...more };
}

function change(more: Partial<Change> = {}): Change {
  return {
    number: 7,
    title: 'A title',
    state: 'open',
    draft: false,
    author: 'octo',
    url: 'https://gh.example/acme/app/pull/7',
    head: { repo: 'octo/app', branch: 'fix', sha: a },
    base: { repo: 'acme/app', branch: 'main', sha: b },
    internal: false,
    ...more,
  };
}

function push(ref: string, more: object = {}): ForgeEvent {
  return { kind: 'push', repo: 'acme/app', ref, before: b, after: a, by: undefined, ...more };
}

function changed(
  action: 'opened' | 'updated' | 'reopened' | 'closed' | 'merged' | 'edited',
  more?: Partial<Change>,
): ForgeEvent {
  return { kind: 'change', repo: 'acme/app', action, change: change(more), by: undefined };
}

function summary(event: ForgeEvent, of: RouteRules): readonly string[] {
  const { jobs, reason } = route([event], of);
  return reason === undefined ? jobs.map(({ queue, name, key }) => `${queue} ${name} [${key}]`) : [reason];
}

describe('route', () => {
  test('a repository that the configuration spells otherwise has one name and one queue', () => {
    const own = entry({ repo: { alias: 'gh', path: 'Acme/App' }, mirror: toMirrors });
    const { repo, jobs } = route([push('refs/heads/main')], rules(own));
    expect([repo, jobs.map(({ key }) => key)]).toEqual(['gh:Acme/App', ['mirror gh:Acme/App refs/heads/main']]);
    const all = entry({ repo: { alias: 'gh', path: 'Acme/*' }, mirror: toMirrors });
    expect(route([push('refs/heads/main')], rules(all)).repo).toBe('gh:acme/app');
  });

  test('a ref that one delivery names twice is one job, for the later entry', () => {
    const own = entry({ mirror: toMirrors, runs: [{ name: 'unit', on: ['push'], runsFor: () => true }] });
    const twice = [push('refs/heads/main', { after: a }), push('refs/heads/main', { before: a, after: b })];
    const { jobs } = route(twice, rules(own));
    expect(jobs.map(({ queue, subject }) => [queue, subject.sha])).toEqual([
      ['mirror', b],
      ['script', b],
    ]);
  });

  test('names the repository that is not configured', () => {
    const routed = route([push('refs/heads/main', { repo: 'evil/app' })], rules(entry({ mirror: toMirrors })));
    expect(routed).toEqual({
      repo: undefined,
      jobs: [],
      reason: 'the repository evil/app is not configured for this source (it is for gh:acme/app)',
    });
  });

  test('a pattern matches one segment, whatever the case, and nothing beyond it', () => {
    const own = entry({
      repo: { alias: 'gh', path: 'acme/*' },
      mirror: { ...toMirrors, to: { alias: 'lab', path: 'mirrors/*' } },
    });
    const repoOf = (repo: string) => route([push('refs/heads/main', { repo })], rules(own)).repo;
    expect(repoOf('acme/app')).toBe('gh:acme/app');
    expect(repoOf('Acme/App')).toBe('gh:Acme/App');
    expect(repoOf('acme/app/more')).toBeUndefined();
    expect(repoOf('acmex/app')).toBeUndefined();
  });

  test('a push is mirrored when the mapping selects its ref, with one key for each ref', () => {
    const own = rules(entry({ mirror: toMirrors }));
    expect(summary(push('refs/heads/main'), own)).toEqual(['mirror mirror [mirror gh:acme/app refs/heads/main]']);
    expect(summary(push('refs/tags/v1'), own)).toEqual(['mirror mirror [mirror gh:acme/app refs/tags/v1]']);
    expect(summary(push('refs/heads/other'), own)).toEqual(['nothing is mirrored or run for push of refs/heads/other']);
  });

  test('scripts come before commands, each event has its own, and one lane keeps their order', () => {
    const runs = [{ name: 'unit', on: ['push', 'delete'], runsFor: (name: string) => name !== 'main' }] as const;
    const own = rules(entry({ runs }), {
      scripts: ['push-acme-app-2', 'push-acme-app-1', 'delete-acme-app', 'tag-acme-app'],
    });
    expect(summary(push('refs/heads/x'), own)).toEqual([
      'script push-acme-app-1 [script gh:acme/app refs/heads/x hook push-acme-app-1]',
      'script push-acme-app-2 [script gh:acme/app refs/heads/x hook push-acme-app-2]',
      'script unit [script gh:acme/app refs/heads/x run unit]',
    ]);
    const { jobs } = route([push('refs/heads/x')], own);
    expect(new Set(jobs.map(({ lane }) => lane))).toEqual(new Set(['script gh:acme/app refs/heads/x']));
    expect(summary(push('refs/heads/main'), own)).toHaveLength(2);
    expect(summary(push('refs/tags/v1'), own)).toEqual([
      'script tag-acme-app [script gh:acme/app refs/tags/v1 hook tag-acme-app]',
    ]);
    expect(summary(push('refs/heads/x', { after: undefined }), own)).toEqual([
      'script delete-acme-app [script gh:acme/app refs/heads/x hook delete-acme-app]',
      'script unit [script gh:acme/app refs/heads/x run unit]',
    ]);
  });

  test('a change request that was closed runs nothing, but is mirrored (its branch goes)', () => {
    const own = rules(entry({ mirror: toMirrors }), { scripts: ['pull_request-acme-app'] });
    const mirrored = 'mirror mirror [mirror gh:acme/app change 7]';
    const script = 'script pull_request-acme-app [script gh:acme/app change 7 hook pull_request-acme-app]';
    for (const action of ['opened', 'updated', 'reopened'] as const)
      expect(summary(changed(action), own)).toEqual([mirrored, script]);
    // What waited for a person is told that there is nothing to wait for.
    for (const action of ['closed', 'merged'] as const)
      expect(summary(changed(action), own)).toEqual([mirrored, 'judge trust [judge script gh:acme/app change 7]']);
    expect(summary(changed('edited'), own)).toEqual([mirrored]);
  });

  test('internal change requests are mirrored only when that is asked for', () => {
    expect(summary(changed('opened', { internal: true }), rules(entry({ mirror: toMirrors })))).toEqual([
      'its head is in the same repository (includeInternal)',
    ]);
    const all = { ...toMirrors, changes: { includeInternal: true } };
    expect(summary(changed('opened', { internal: true }), rules(entry({ mirror: all })))).toHaveLength(1);
  });

  test('pushes of its own mirroring run no scripts unless asked', () => {
    const scripts = ['push-acme-app'];
    const self: MirrorRule = { ...toMirrors, to: { alias: 'gh', path: 'acme/app' }, selects: () => false };
    const ours = push('refs/heads/pr/7');
    expect(summary(ours, rules(entry({ mirror: self }), { scripts }))[0]).toMatch(/sluice's own mirroring/);
    expect(summary(ours, rules(entry({ mirror: self, runMirrored: true }), { scripts }))[0]).toMatch(/^script/);
    const source = entry({
      repo: { alias: 'hub', path: 'acme/app' },
      mirror: { ...toMirrors, to: { alias: 'gh', path: 'ACME/app' } },
    });
    const own = entry();
    expect(summary(ours, rules(own, { scripts, all: [own, source] }))[0]).toMatch(/sluice's own mirroring/);
    expect(summary(push('refs/heads/x'), rules(own, { scripts, all: [own, source] }))[0]).toMatch(/^script/);
  });

  test('an endorsement lets the mirror and whatever waits be judged anew', () => {
    const event: ForgeEvent = { kind: 'endorsement', repo: 'acme/app', number: 7, what: 'comment', by: undefined };
    const own = rules(entry({ mirror: toMirrors }), { scripts: ['pull_request-acme-app'] });
    expect(summary(event, own)).toEqual([
      'mirror mirror [mirror gh:acme/app change 7]',
      'judge trust [judge script gh:acme/app change 7]',
    ]);
    expect(summary(event, rules(entry()))).toEqual(['nothing is mirrored or run for change requests']);
  });

  test('a check at the mirror is reported to the origin, never back and forth', () => {
    const source = entry({
      repo: { alias: 'gh', path: 'acme/*' },
      mirror: { ...toMirrors, to: { alias: 'lab', path: 'mirrors/*' } },
    });
    const own = entry({ repo: { alias: 'lab', path: 'mirrors/app' } });
    const check = (more: object = {}): ForgeEvent => ({
      kind: 'check',
      repo: 'mirrors/app',
      sha: a,
      ref: 'refs/heads/pr/7',
      name: 'pipeline',
      state: 'success',
      description: '',
      url: undefined,
      ...more,
    });
    const of = rules(own, { all: [source, own] });
    expect(route([check()], of).jobs).toMatchObject([
      { queue: 'report', subject: { repo: 'gh:acme/app' }, data: { from: { alias: 'gh', path: 'acme/app' } } },
    ]);
    expect(summary(check({ ref: 'refs/heads/own' }), of)).toEqual(['refs/heads/own is not mirrored from elsewhere']);
    expect(summary(check({ name: 'gh/pipeline' }), of)).toEqual(['gh/pipeline was reported by sluice itself']);
    expect(summary(check(), rules(own))).toEqual(['nothing is mirrored from elsewhere to this repository']);
  });

  test('several events of one delivery become jobs of different rules', () => {
    const { jobs } = route(
      [push('refs/heads/x'), push('refs/heads/y')],
      rules(entry(), { scripts: ['push-acme-app'] }),
    );
    expect(new Set(jobs.map(({ rule }) => rule)).size).toBe(2);
  });
});
