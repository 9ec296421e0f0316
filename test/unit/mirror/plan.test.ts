import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mapRefs, movesToProve, type PlanInput, planMirror } from '../../../src/core/mirror/plan.ts';
import { pruneCandidates } from '../../../src/core/mirror/prune.ts';
import type { SelectedRef, Selection } from '../../../src/core/mirror/select.ts';
import { parseTemplate } from '../../../src/core/mirror/template.ts';
import { moveKey } from '../../../src/core/model/move.ts';
import { directoryFileConflict } from '../../../src/core/model/ref.ts';

const oid = (digit: string) => digit.repeat(40);
const [a, b] = [oid('a'), oid('b')];
const branch = (name: string, at = a): SelectedRef => ({ kind: 'branch', name: `refs/heads/${name}`, oid: at });
const nothing: Selection = { numbers: [], allChanges: false, branches: [], tags: [], exclude: [], refspecs: [] };

function plan(
  selected: readonly SelectedRef[],
  destination: Record<string, string> = {},
  more: Partial<PlanInput> = {},
) {
  const refs = Object.entries(destination).map(([name, at]) => ({ name, oid: at }));
  const input = {
    mappings: mapRefs(selected, undefined),
    destination: refs,
    pruned: [],
    update: undefined,
    ancestry: new Map(),
    ...more,
  };
  return planMirror(input);
}

describe('the plan', () => {
  test.each([
    ['a new branch', {}, 'create'],
    ['the same value', { 'refs/heads/x': a }, 'unchanged'],
    ['a move that nobody proved', { 'refs/heads/x': b }, 'refuse'],
  ])('%s', (_what, destination, action) => {
    expect(plan([branch('x')], destination)).toMatchObject([{ action, target: 'refs/heads/x', new: a }]);
  });

  test.each([
    ['ancestor', undefined, 'update'],
    ['diverged', undefined, 'refuse'],
    ['unknown', undefined, 'refuse'],
    ['diverged', 'force', 'update'],
  ] as const)('a branch whose old value is %s, with policy %s', (answer, update, action) => {
    const ancestry = new Map([[moveKey({ old: b, new: a }), answer]]);
    expect(plan([branch('x')], { 'refs/heads/x': b }, { update, ancestry })).toMatchObject([{ action, old: b }]);
  });

  test('a ref that cannot be read is refused, and its mirror left alone', () => {
    const gone: SelectedRef = { kind: 'change', name: '#7', oid: undefined, number: 7, problem: 'the fork is gone' };
    expect(plan([gone], { 'refs/heads/pr/7': a })).toMatchObject([{ action: 'refuse', reason: 'the fork is gone' }]);
  });

  test('a deletion of a name that did not arrive byte for byte is refused', () => {
    const lines = plan([], {}, { pruned: [{ name: 'refs/heads/\ufffd', oid: a }] });
    expect(lines).toMatchObject([{ action: 'refuse', reason: expect.stringContaining('not valid UTF-8') }]);
  });

  test('tags need no proof: they do not move', () => {
    const tag: SelectedRef = { kind: 'tag', name: 'refs/tags/v1', oid: a };
    const destination = [{ name: 'refs/tags/v1', oid: b }];
    expect(movesToProve({ mappings: mapRefs([tag], undefined), destination, update: 'ff' })).toEqual([]);
  });

  const segment = fc.constantFrom('a', 'b', 'c');
  const shortName = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));

  test('whatever is there and whatever comes, git can keep what the plan makes', () => {
    fc.assert(
      fc.property(fc.uniqueArray(shortName), fc.uniqueArray(shortName), (come, there) => {
        // What is there is free of conflicts, as git keeps it.
        const conflicting = directoryFileConflict(there.map((name) => `refs/heads/${name}`));
        const kept = there.map((name) => `refs/heads/${name}`).filter((name) => !conflicting.has(name));
        const lines = plan(
          come.map((name) => branch(name)),
          Object.fromEntries(kept.map((name) => [name, a])),
        );
        const after = new Set(kept);
        for (const line of lines) if (line.action === 'create') after.add(line.target);
        expect(directoryFileConflict(after)).toEqual(new Map());
        expect(lines.map((line) => line.target).sort()).toEqual(come.map((name) => `refs/heads/${name}`).sort());
      }),
    );
  });
});

describe('pruning', () => {
  const destination = [
    'refs/heads/pr/1',
    'refs/heads/pr/2',
    'refs/heads/pr/2/x',
    'refs/heads/pr/x',
    'refs/heads/main',
    'refs/tags/v1',
    'refs/notes/n',
  ].map((name) => ({ name, oid: a }));
  const pruned = (selection: Partial<Selection>, as?: string) =>
    pruneCandidates(
      destination,
      [],
      { ...nothing, ...selection },
      as === undefined ? undefined : parseTemplate(as),
    ).map((ref) => ref.name);

  test.each([
    [{ allChanges: true }, undefined, ['refs/heads/pr/1', 'refs/heads/pr/2']],
    [{ numbers: [2] }, undefined, ['refs/heads/pr/2']],
    [{ branches: ['pr/*'] }, undefined, ['refs/heads/pr/1', 'refs/heads/pr/2', 'refs/heads/pr/x']],
    [{ branches: ['*'], exclude: ['main'] }, undefined, []],
    [{ tags: ['*'] }, undefined, ['refs/tags/v1']],
    [{ branches: ['x'] }, 'pr/{name}', ['refs/heads/pr/x']],
    [{ refspecs: [{ from: 'refs/n/*', to: 'refs/notes/*', force: false }] }, undefined, ['refs/notes/n']],
    [{ refspecs: [{ from: 'refs/n/n', to: 'refs/notes/other', force: false }] }, undefined, []],
  ])('%j with template %s owns %j', (selection, as, names) => {
    expect(pruned(selection, as)).toEqual(names);
  });

  test('what has a source stays', () => {
    const mappings = mapRefs([branch('main')], undefined);
    const all = pruneCandidates(destination, mappings, nothing, undefined).map((ref) => ref.name);
    expect(all).not.toContain('refs/heads/main');
    expect(all).not.toContain('refs/notes/n');
  });

  test('change requests without a directory of their own are a usage error', () => {
    expect(() => pruned({ allChanges: true }, '{head.owner}/{head.ref}')).toThrow(/--prune needs an --as/);
  });
});
