import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../../src/core/errors.ts';
import { type FetchOutcome, fetchPack, havesPerRound, maxRounds } from '../../../../src/core/git/wire/fetch.ts';
import type { Transport } from '../../../../src/core/git/wire/transport.ts';
import { band, cut, stream, wire } from './byte-streams.ts';

const oid = (n: number) => n.toString(16).padStart(40, '0');
const offer = { protocol: 'v2', capabilities: new Map([['fetch', '']]), objectFormat: 'sha1' } as const;
const plain = { likely: 1, offer, wants: [oid(1)], thin: true, ofsDelta: true, agent: 'sluice/1' } as const;

/** A source that answers from a script, and remembers what it was asked. */
function scripted(answers: readonly Buffer[], sizes: readonly number[] = [1000]) {
  const asked: string[] = [];
  const transport: Transport = {
    url: 'test',
    advertise: async () => undefined,
    request: async (_service, body) => {
      asked.push(Buffer.from(body as Uint8Array).toString());
      return stream(cut(answers[asked.length - 1] ?? Buffer.alloc(0), sizes));
    },
    close: () => {},
  };
  return { transport, asked };
}

async function packOf(outcome: FetchOutcome): Promise<string> {
  if (outcome.kind !== 'pack') throw new Error(outcome.reason);
  let pack = '';
  for await (const chunk of outcome.pack) pack += chunk.toString('latin1');
  return pack;
}

const pack = [wire('packfile\n', band(2, 'counting'), band(1, 'PA'), band(1, ''), band(1, 'CK'), null)];
const packed = Buffer.concat(pack);
const nak = wire('acknowledgments\n', 'NAK\n', null);

describe('fetchPack', () => {
  test('an empty receiver gets everything at once', async () => {
    const { transport, asked } = scripted([packed]);
    expect(await packOf(await fetchPack(transport, { ...plain, haves: [] }))).toBe('PACK');
    expect(asked).toEqual([
      Buffer.concat([
        wire('command=fetch\n'),
        Buffer.from('0001'),
        wire('no-progress\n', 'thin-pack\n', 'ofs-delta\n', `want ${oid(1)}\n`, 'done\n', null),
      ]).toString(),
    ]);
  });

  test('only capabilities that the source has offered are sent', async () => {
    const capabilities = new Map(['fetch', 'agent', 'object-format'].map((key) => [key, '']));
    const { transport, asked } = scripted([packed]);
    await packOf(await fetchPack(transport, { ...plain, offer: { ...offer, capabilities }, haves: [] }));
    expect(asked[0]).toMatch(/^0012command=fetch\n0013agent=sluice\/1\n0017object-format=sha1\n0001/);
  });

  test('a source that is ready sends its pack in the same answer', async () => {
    const ready = Buffer.concat([wire('acknowledgments\n', `ACK ${oid(2)}\n`, 'ready\n'), Buffer.from('0001'), packed]);
    const { transport, asked } = scripted([ready]);
    expect(await packOf(await fetchPack(transport, { ...plain, haves: [oid(2), oid(3)] }))).toBe('PACK');
    expect(asked).toHaveLength(1);
    expect(asked[0]).not.toContain('done');
  });

  test('what it acknowledges is told again with done, since servers remember nothing', async () => {
    const { transport, asked } = scripted([wire('acknowledgments\n', `ACK ${oid(3)}\n`, null), packed]);
    expect(await packOf(await fetchPack(transport, { ...plain, haves: [oid(2), oid(3)] }))).toBe('PACK');
    expect(asked[1]).toContain(`have ${oid(3)}\n0009done\n`);
    expect(asked[1]).not.toContain(`have ${oid(2)}`);
  });

  test('one answer to the likely haves is enough', async () => {
    const haves = Array.from({ length: 900 }, (_, n) => oid(n + 10));
    const { transport, asked } = scripted([wire('acknowledgments\n', `ACK ${oid(11)}\n`, null), packed]);
    expect(await packOf(await fetchPack(transport, { ...plain, haves, likely: 500 }))).toBe('PACK');
    expect(asked[0]?.match(/have /g)).toHaveLength(500);
    expect(asked[1]?.match(/have /g)).toHaveLength(1);
  });

  test('never says done without a common commit, and asks no more than a few rounds', async () => {
    const haves = Array.from({ length: havesPerRound * maxRounds + 500 }, (_, n) => oid(n + 10));
    const { transport, asked } = scripted(Array(20).fill(nak));
    const outcome = await fetchPack(transport, { ...plain, haves });
    expect(outcome).toEqual({ kind: 'unsuitable', reason: 'source and destination have no commit in common' });
    expect(asked).toHaveLength(maxRounds);
    expect(asked.join('')).not.toContain('done');
  });

  test.each([
    ['a shallow source', wire('shallow-info\n', `shallow ${oid(9)}\n`)],
    [
      'a shallow source that acknowledges first',
      Buffer.concat([
        wire('acknowledgments\n', `ACK ${oid(2)}\n`, 'ready\n'),
        Buffer.from('0001'),
        wire('shallow-info\n'),
      ]),
    ],
    ['a source that refuses', wire(`ERR upload-pack: not our ref ${oid(1)}`)],
  ])('%s is unsuitable', async (_, answer) => {
    expect(await fetchPack(scripted([answer]).transport, { ...plain, haves: [oid(2)] })).toMatchObject({
      kind: 'unsuitable',
    });
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['only a flush', wire(null)],
    ['an unknown section', wire('wanted-refs\n')],
    ['acknowledgments without end', wire('acknowledgments\n', 'NAK\n')],
    ['an unknown acknowledgment', wire('acknowledgments\n', 'MAYBE\n', null)],
    ['acknowledgments without end or number', wire('acknowledgments\n', ...Array(5000).fill(`ACK ${oid(2)}\n`), null)],
    ['an ERR among acknowledgments', wire('acknowledgments\n', 'ERR no\n', null)],
  ])('%s is an error', async (_, answer) => {
    const work = fetchPack(scripted([answer]).transport, { ...plain, haves: [oid(2)] });
    await expect(work).rejects.toBeInstanceOf(SluiceError);
  });

  test.each([
    ['without its end', packed.subarray(0, -4)],
    ['with last words', wire('packfile\n', band(1, 'PACK'), band(3, 'fatal: bad object\n'))],
    ['on an unknown side-band', wire('packfile\n', Buffer.from('\x07PACK'), null)],
    ['with a delimiter in it', Buffer.concat([packed.subarray(0, -4), Buffer.from('0001')])],
    ['with something behind it', Buffer.concat([packed, wire('more')])],
  ])('a pack %s is an error', async (_, answer) => {
    const outcome = await fetchPack(scripted([answer]).transport, { ...plain, haves: [] });
    await expect(packOf(outcome)).rejects.toBeInstanceOf(SluiceError);
  });

  test('garbage gives an outcome or a SluiceError, however it is cut', async () => {
    const piece = fc.oneof(
      fc.constantFrom('0000', '0001', wire('packfile\n').toString(), wire('acknowledgments\n', 'NAK\n').toString()),
      fc.constantFrom(wire(`ACK ${oid(2)}\n`).toString(), wire('ready\n').toString(), wire(band(1, 'PACK')).toString()),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece), fc.array(fc.nat({ max: 60 }), { minLength: 1 }), async (pieces, sizes) => {
        const { transport } = scripted([Buffer.from(pieces.join('')), packed], sizes);
        try {
          const outcome = await fetchPack(transport, { ...plain, haves: [oid(2)] });
          if (outcome.kind === 'pack') await packOf(outcome);
        } catch (error) {
          expect(error).toBeInstanceOf(SluiceError);
        }
      }),
    );
  });
});
