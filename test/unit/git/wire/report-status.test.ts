import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../../src/core/errors.ts';
import { readPushReport } from '../../../../src/core/git/wire/report-status.ts';
import { band, cut, stream, wire } from './byte-streams.ts';

const read = (bytes: Buffer, sizes: readonly number[] = [1000]) => readPushReport(stream(cut(bytes, sizes)), 'test');

describe('readPushReport', () => {
  const inner = wire(
    'unpack ok\n',
    'ok refs/heads/a\n',
    'option refname refs/heads/other\n',
    'ng refs/heads/b hook declined\n',
    'ng refs/heads/c\n',
    null,
  );

  test('the report, nested in side-band 1, and the words beside it', async () => {
    const bytes = wire(
      band(2, 'hello\nProgress: 1%\rProgress: 100%\nwor'),
      band(1, inner.subarray(0, 30)),
      band(2, 'ld\n\n'),
      band(1, inner.subarray(30)),
      null,
    );
    expect(await read(bytes)).toEqual({
      unpack: 'ok',
      refusals: new Map([
        ['refs/heads/a', undefined],
        ['refs/heads/b', 'hook declined'],
        ['refs/heads/c', 'no reason given'],
      ]),
      messages: ['hello', 'Progress: 100%', 'world'],
    });
  });

  test('does not depend on how the bytes are cut, outside or inside', async () => {
    const expected = await read(wire(band(1, inner), null));
    const sizes = fc.array(fc.nat({ max: 40 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(sizes, sizes, async (outer, nested) => {
        const packets = [...cut(inner, nested)].map((part) => band(1, part));
        expect(await read(wire(...packets, null), outer)).toEqual(expected);
      }),
    );
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['a report without its end', wire(band(1, inner))],
    ['an inner packet cut off', wire(band(1, inner.subarray(0, 20)), null)],
    ['no word about the pack', wire(band(1, wire('ok refs/heads/a', null)), null)],
    ['another word', wire(band(1, wire('unpack ok', 'maybe refs/heads/a', null)), null)],
    ['an ERR packet', wire('ERR no space left')],
    ['more after the end', wire(band(1, inner), null, 'x')],
  ])('%s is an error: nobody knows whether refs moved', async (_, bytes) => {
    await expect(read(bytes)).rejects.toBeInstanceOf(SluiceError);
  });

  test('last words on side-band 3', async () => {
    await expect(read(wire(band(3, 'fatal: out of memory\n')))).rejects.toThrow('test says: fatal: out of memory');
  });

  test('a hook that talks without end is cut short', async () => {
    const talk = Array(2000).fill(wire(band(2, `${'x'.repeat(999)}\n`)));
    const report = await read(Buffer.concat([...talk, wire(band(1, inner), null)]), [60_000]);
    expect(report.messages.join('').length).toBeLessThan(300_000);
    expect(report.unpack).toBe('ok');
  });
});
