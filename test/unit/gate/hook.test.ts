import { describe, expect, test } from 'vitest';
import { type HookPorts, judgeHook } from '../../../src/core/gate/hook.ts';
import { prefixed, waitingLine } from '../../../src/core/gate/message.ts';
import { all, leaf } from '../../../src/core/gate/verdict.ts';
import type { Push } from '../../../src/core/model/gate-facts.ts';
import type { Verdict, VerdictStatus } from '../../../src/core/model/verdict.ts';

const a = 'a'.repeat(40);
const zero = '0'.repeat(40);
const url = 'https://forge.example/acme/app/pull/7';

function line(name: string): string {
  return `${zero} ${a} refs/heads/${name}\n`;
}

function verdict(status: VerdictStatus, ...sentences: readonly string[]): Verdict {
  const said = sentences.length === 0 ? ['all is well'] : sentences;
  const node = { rule: 'gate', sentence: 'it may go upstream' };
  return all(
    node,
    said.map((sentence) => leaf({ rule: 'x', status, sentence, url })),
  );
}

function gate(answers: Readonly<Record<string, Verdict>>, more: Partial<HookPorts> = {}) {
  const said: string[] = [];
  const asked: string[] = [];
  const ports: HookPorts = {
    ask: async ({ branch }: Push) => {
      asked.push(branch);
      return answers[branch] ?? verdict('approved');
    },
    say: (text) => void said.push(text),
    override: undefined,
    ...more,
  };
  return { said, asked, judge: (input: string) => judgeHook('pre-receive', Buffer.from(input), ports) };
}

test('every ref is judged, and all must pass; the order of git is kept', async () => {
  const names = Array.from({ length: 30 }, (_, at) => `b${at}`);
  const { asked, judge, said } = gate({});
  const { verdict: whole, refs } = await judge(names.map(line).join(''));
  expect(whole).toMatchObject({ status: 'approved', sentence: 'all 30 refs may go upstream' });
  expect(refs.map(({ push }) => push.branch)).toEqual(names);
  expect(asked.toSorted()).toEqual(names.toSorted());
  expect(said).toEqual([]);
});

test.each<[VerdictStatus, string]>([
  ['rejected', 'main may not go upstream:'],
  ['pending', 'main may not go upstream yet:'],
  ['undetermined', 'main may not go upstream, because it could not be judged:'],
])('%s of one is that of all, with what is missing and where to get it', async (status, headline) => {
  const { said, judge } = gate({ main: verdict(status, 'no approval', 'no check') });
  const { verdict: whole } = await judge(line('main') + line('x'));
  expect(whole.status).toBe(status);
  expect(said).toEqual([
    headline,
    '  no approval',
    '  no check',
    `  ${url}`,
    'nothing of this push goes upstream: all refs must pass',
  ]);
});

test('a long list is cut', async () => {
  const sentences = Array.from({ length: 9 }, (_, at) => `reason ${at}`);
  const names = Array.from({ length: 12 }, (_, at) => `b${at}`);
  const { said, judge } = gate(Object.fromEntries(names.map((name) => [name, verdict('pending', ...sentences)])));
  await judge(names.map(line).join(''));
  expect(said).toContain('  and 3 more (sluice gate --explain shows all)');
  expect(said.filter((text) => text.endsWith('yet:'))).toHaveLength(10);
  expect(said.at(-1)).toBe('and 2 more refs may not go upstream');
});

test('a warning is told after a yes', async () => {
  const { said, judge } = gate({ main: { ...verdict('approved'), warning: true } });
  await judge(line('main'));
  expect(said).toEqual(['note: it may go upstream']);
});

test('what is missing streams while the gate waits: once, and with the branch where there are several', async () => {
  const ask: HookPorts['ask'] = async (_push, tell) => {
    for (const text of ['no approval', 'no approval', 'no check']) tell(text);
    return verdict('approved');
  };
  const one = gate({}, { ask });
  await one.judge(line('main'));
  expect(one.said).toEqual(['no approval', 'no check']);
  const two = gate({}, { ask });
  await two.judge(line('main') + line('x'));
  expect(two.said).toEqual(['main: no approval', 'main: no check', 'x: no approval', 'x: no check']);
});

describe('an input that cannot be judged', () => {
  test.each([
    ['a line that git would not write', `${a} main\n`, 'line 1 is not of the form'],
    ['a good line and half of one', `${line('main')}${a} ${a}`, 'its last line is cut off'],
    ['nothing, in a hook that always gets something', '', 'git named no ref'],
  ])('%s is undetermined, and nobody is asked', async (_, input, words) => {
    const { asked, said, judge } = gate({});
    expect((await judge(input)).verdict.status).toBe('undetermined');
    expect(asked).toEqual([]);
    expect(said).toEqual([expect.stringContaining(words)]);
  });

  test('nothing to push is a yes', async () => {
    const { ports } = {
      ports: { ask: () => Promise.reject(new Error('asked')), say: () => undefined, override: undefined },
    };
    expect((await judgeHook('pre-push', Buffer.alloc(0), ports)).verdict.status).toBe('approved');
  });
});

describe('an override', () => {
  const overridden = { ...verdict('approved'), sentence: 'overridden by ann' };

  test('is asked for after a no, with all refs and the verdict', async () => {
    const seen: unknown[] = [];
    const override: HookPorts['override'] = async (pushes, { status }) => {
      seen.push([pushes.map(({ branch }) => branch), status]);
      return overridden;
    };
    const { said, judge } = gate({ main: verdict('pending') }, { override });
    expect((await judge(line('main') + line('x'))).verdict.status).toBe('approved');
    expect(seen).toEqual([[['main', 'x'], 'pending']]);
    expect(said.at(-1)).toBe('overridden by ann');
  });

  test('is not asked for after a yes, and changes nothing of what cannot be read', async () => {
    const override = () => Promise.reject(new Error('asked'));
    expect((await gate({}, { override }).judge(line('main'))).verdict.status).toBe('approved');
    expect((await gate({}, { override }).judge('x\n')).verdict.status).toBe('undetermined');
  });
});

test('a line is one line, whatever is in it', () => {
  expect(prefixed('  a\nb\r\u001b[2Jc \u202e')).toBe('[sluice]   a b [2Jc\n');
});

test('while waiting: the first thing that is missing, and where', () => {
  expect(waitingLine(verdict('pending', 'no approval', 'no check'), 1500)).toBe(
    `waiting: no approval (and 1 more); asking again in 2 s ${url}`,
  );
});
