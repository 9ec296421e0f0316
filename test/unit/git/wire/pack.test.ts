import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../../src/core/errors.ts';
import { emptyPack, openPack, withholdChecksum } from '../../../../src/core/git/wire/pack.ts';
import { pushBody } from '../../../../src/core/git/wire/push-body.ts';
import { makeBareRepo, runGit } from '../../../support/git-repo.ts';
import { testDir } from '../../../support/temp-dir.ts';
import { cut, stream } from './byte-streams.ts';

const commands = Buffer.from('commands');

function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return buffer(Readable.from(chunks));
}

describe('emptyPack', () => {
  test.each(['sha1', 'sha256'] as const)('git accepts it (%s)', async (objectFormat) => {
    const repo = await makeBareRepo(join(await testDir(), 'r.git'), { objectFormat });
    const result = await runGit(['--git-dir', repo, 'index-pack', '--stdin'], { input: emptyPack(objectFormat) });
    expect(result).toMatchObject({ status: 0, stderr: '' });
  });
});

describe('openPack', () => {
  test('passes the whole pack on, however it is cut', async () => {
    const pack = Buffer.concat([emptyPack('sha1'), Buffer.from('rest')]);
    for (const size of [1, 5, 12, 100]) {
      const opened = await openPack(stream(cut(pack, [size])), 'test');
      expect(opened.objects).toBe(0);
      expect(await collect(opened.chunks)).toEqual(pack);
    }
  });

  test.each(['', 'PACK', 'PACK\0\0\0\x04\0\0\0\0', 'ERR something', '<!DOCTYPE html>'])('refuses %j', async (text) => {
    await expect(openPack(stream(cut(Buffer.from(text), [3])), 'test')).rejects.toBeInstanceOf(SluiceError);
  });
});

describe('withholdChecksum', () => {
  test('changes no byte, and gives the last 20 only after the end', async () => {
    const anyBytes = fc.uint8Array({ minLength: 20, maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(anyBytes, fc.array(fc.nat({ max: 50 }), { minLength: 1 }), async (bytes, sizes) => {
        const all = Buffer.from(bytes);
        let ended = false;
        let before = 0;
        async function* source() {
          yield* cut(all, sizes);
          ended = true;
        }
        const out: Buffer[] = [];
        for await (const chunk of withholdChecksum(source(), 'sha1')) {
          out.push(chunk);
          if (!ended) before += chunk.length;
        }
        expect(Buffer.concat(out)).toEqual(all);
        expect(before).toBeLessThanOrEqual(all.length - 20);
      }),
    );
  });

  test('gives nothing more when the stream breaks', async () => {
    async function* broken() {
      yield Buffer.alloc(50);
      throw new Error('cut');
    }
    let got = 0;
    const work = (async () => {
      for await (const chunk of withholdChecksum(broken(), 'sha256')) got += chunk.length;
    })();
    await expect(work).rejects.toThrow('cut');
    expect(got).toBe(18);
  });
});

describe('pushBody', () => {
  const pack = Buffer.concat([emptyPack('sha1').subarray(0, 12), Buffer.alloc(1000, 1)]);
  const options = { commands, format: 'sha1', from: 'test', maxPackBytes: 5000, bufferBytes: 5000 } as const;

  test('without a pack it is the commands alone', async () => {
    expect((await pushBody({ ...options, pack: undefined })).body).toEqual(commands);
  });

  test('a small pack is at hand, a larger one is a stream; the bytes are the same', async () => {
    const small = await pushBody({ ...options, pack: stream(cut(pack, [100])) });
    expect(small.body).toEqual(Buffer.concat([commands, pack]));
    const large = await pushBody({ ...options, bufferBytes: 10, pack: stream(cut(pack, [100])) });
    expect(large.body).not.toBeInstanceOf(Uint8Array);
    expect(await collect(large.body as AsyncIterable<Uint8Array>)).toEqual(small.body);
    expect([small.packBytes(), large.packBytes()]).toEqual([1012, 1012]);
  });

  test('a stream that grows too large breaks off before its end', async () => {
    const push = await pushBody({ ...options, bufferBytes: 10, maxPackBytes: 1011, pack: stream(cut(pack, [100])) });
    await expect(collect(push.body as AsyncIterable<Uint8Array>)).rejects.toBeInstanceOf(SluiceError);
    expect(push.tooLarge()).toBe(true);
  });
});
