import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type HookKind, parsePushes } from '../../../src/core/gate/stdin.ts';

const a = 'a'.repeat(40);
const b = 'b'.repeat(40);
const zero = '0'.repeat(40);

function parse(kind: HookKind, text: string) {
  return parsePushes(kind, Buffer.from(text));
}

describe('pre-push', () => {
  test.each([
    ['an update', `refs/heads/main ${a} refs/heads/main ${b}`, 'branch', 'refs/heads/main', 'main', a],
    [
      'a new branch',
      `refs/heads/x ${a} refs/heads/feature/x ${zero}`,
      'branch',
      'refs/heads/feature/x',
      'feature/x',
      a,
    ],
    ['a revision', `HEAD~ ${a} refs/heads/foreign ${zero}`, 'branch', 'refs/heads/foreign', 'foreign', a],
    ['a revision with spaces', `HEAD@{1 day ago} ${a} refs/heads/x ${b}`, 'branch', 'refs/heads/x', 'x', a],
    ['a deletion', `(delete) ${zero} refs/heads/x ${b}`, 'branch', 'refs/heads/x', 'x', null],
    ['a tag', `refs/tags/v1 ${a} refs/tags/v1 ${zero}`, 'tag', 'refs/tags/v1', 'v1', a],
    ['another ref', `refs/notes/x ${a} refs/notes/x ${zero}`, 'other', 'refs/notes/x', 'refs/notes/x', a],
    ['SHA-256', `HEAD ${'c'.repeat(64)} refs/heads/x ${'0'.repeat(64)}`, 'branch', 'refs/heads/x', 'x', 'c'.repeat(64)],
    ['a name that is not ASCII', `HEAD ${a} refs/heads/zweig-ä ${b}`, 'branch', 'refs/heads/zweig-ä', 'zweig-ä', a],
  ])('%s', (_, line, kind, ref, branch, sha) => {
    expect(parse('pre-push', `${line}\n`)).toEqual({ pushes: [{ kind, ref, branch, sha }] });
  });

  test('several refs keep their order, and each is there', () => {
    const lines = ['main', 'x', 'y'].map((name) => `refs/heads/${name} ${a} refs/heads/${name} ${b}\n`);
    const parsed = parse('pre-push', lines.join(''));
    expect('pushes' in parsed && parsed.pushes.map(({ branch }) => branch)).toEqual(['main', 'x', 'y']);
  });

  test('nothing is nothing to judge', () => {
    expect(parse('pre-push', '')).toEqual({ pushes: [] });
  });
});

test('pre-receive: update, creation, deletion', () => {
  const input = `${a} ${b} refs/heads/main\n${zero} ${a} refs/tags/v1\n${a} ${zero} refs/heads/old\n`;
  expect(parse('pre-receive', input)).toEqual({
    pushes: [
      { kind: 'branch', ref: 'refs/heads/main', branch: 'main', sha: b },
      { kind: 'tag', ref: 'refs/tags/v1', branch: 'v1', sha: a },
      { kind: 'branch', ref: 'refs/heads/old', branch: 'old', sha: null },
    ],
  });
});

describe('what git would not write is a problem of the whole input', () => {
  test.each<[string, HookKind, string | Uint8Array]>([
    ['no line end', 'pre-receive', `${a} ${b} refs/heads/main`],
    ['cut in an object id', 'pre-receive', `${a} ${b.slice(1)} refs/heads/main\n`],
    ['an empty line', 'pre-receive', `${a} ${b} refs/heads/main\n\n`],
    ['only a line end', 'pre-push', '\n'],
    ['a line of pre-push', 'pre-receive', `refs/heads/x ${a} refs/heads/x ${b}\n`],
    ['a line of pre-receive', 'pre-push', `${a} ${b} refs/heads/main\n`],
    ['two spaces', 'pre-receive', `${a}  ${b} refs/heads/main\n`],
    ['a trailing space', 'pre-receive', `${a} ${b} refs/heads/main \n`],
    ['a carriage return', 'pre-receive', `${a} ${b} refs/heads/main\r\n`],
    ['upper case', 'pre-receive', `${a.toUpperCase()} ${b} refs/heads/main\n`],
    ['a short name', 'pre-receive', `${a} ${b} main\n`],
    ['a name that git forbids', 'pre-receive', `${a} ${b} refs/heads/a..b\n`],
    ['two formats in a line', 'pre-receive', `${a} ${'b'.repeat(64)} refs/heads/main\n`],
    ['two formats', 'pre-receive', `${a} ${b} refs/heads/x\n${'a'.repeat(64)} ${'b'.repeat(64)} refs/heads/y\n`],
    ['a NUL', 'pre-receive', `${a} ${b} refs/heads/main\0\n`],
    [
      'bytes that are not UTF-8',
      'pre-receive',
      Buffer.concat([Buffer.from(`${a} ${b} refs/heads/`), Buffer.of(0xff, 10)]),
    ],
    ['a byte order mark', 'pre-receive', `\ufeff${a} ${b} refs/heads/main\n`],
  ])('%s', (_, kind, input) => {
    const bytes = typeof input === 'string' ? Buffer.from(input) : input;
    expect(parsePushes(kind, bytes)).toEqual({ problem: expect.any(String) });
  });
});

const oid = fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 40, maxLength: 40 });
const name = fc
  .array(fc.string({ unit: fc.constantFrom(...'abz019-_äß'), minLength: 1, maxLength: 8 }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => `refs/heads/${parts.join('/')}`);
const typed = fc.stringMatching(/^[^\n\0]+$/).filter((text) => text.isWellFormed());

test('whatever git writes is read back, line by line', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(typed, oid, name, oid), { minLength: 1, maxLength: 20 }), (lines) => {
      const text = lines.map(([local, to, ref, from]) => `${local} ${to} ${ref} ${from}\n`).join('');
      const parsed = parse('pre-push', text);
      const expected = lines.map(([, to, ref]) => ({ ref, sha: to === zero ? null : to }));
      expect('pushes' in parsed && parsed.pushes.map(({ ref, sha }) => ({ ref, sha }))).toEqual(expected);
    }),
  );
});

test('any bytes are refs or a problem, and as many refs as lines', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<HookKind>('pre-push', 'pre-receive'),
      fc.uint8Array({ maxLength: 300 }),
      (kind, bytes) => {
        const parsed = parsePushes(kind, bytes);
        if ('problem' in parsed) return parsed.problem !== '';
        return parsed.pushes.length === bytes.filter((byte) => byte === 10).length;
      },
    ),
  );
});

test('an input that is cut anywhere is a problem, or whole lines of it', () => {
  const whole = `${zero} ${a} refs/heads/one\n${a} ${b} refs/heads/two\n`;
  for (let length = 1; length < whole.length; length += 1) {
    const parsed = parse('pre-receive', whole.slice(0, length));
    expect('problem' in parsed).toBe(whole[length - 1] !== '\n');
  }
});
