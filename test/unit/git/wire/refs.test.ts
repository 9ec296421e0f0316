import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../../../src/core/errors.ts';
import { createRefParser } from '../../../../src/core/git/wire/ls-refs.ts';
import { createOfferParser, encodeCommands } from '../../../../src/core/git/wire/receive-pack.ts';
import { refNameProblem } from '../../../../src/core/model/ref.ts';
import { cut, wire } from './byte-streams.ts';

const a = 'a'.repeat(40);
const b = 'b'.repeat(40);

function parse<T>(
  parser: { push(chunk: Uint8Array): void; end(): T },
  bytes: Buffer,
  sizes: readonly number[] = [1000],
): T {
  for (const chunk of cut(bytes, sizes)) parser.push(chunk);
  return parser.end();
}

describe('ls-refs answers', () => {
  const refs = (...args: Parameters<typeof wire>) => parse(createRefParser('test', 'sha1', []), wire(...args));

  test('lines with and without line feed and attributes', () => {
    expect(
      refs(
        `${a} HEAD symref-target:refs/heads/main\n`,
        `${b} refs/tags/v1 peeled:${a} new-thing\n`,
        `${a} refs/heads/x`,
        null,
      ),
    ).toEqual([
      { name: 'HEAD', oid: a, symrefTarget: 'refs/heads/main' },
      { name: 'refs/tags/v1', oid: b },
      { name: 'refs/heads/x', oid: a },
    ]);
  });

  test('the HEAD of an empty repository is no ref', () => {
    expect(refs('unborn HEAD symref-target:refs/heads/main\n', null)).toEqual([]);
  });

  test('a name that is not UTF-8 is one that sluice refuses', () => {
    const line = Buffer.concat([Buffer.from(`${a} refs/heads/`), Buffer.of(0xe9, 0x0a)]);
    const [ref] = refs(line, null);
    expect(refNameProblem(ref?.name ?? '')).toBe('is not valid UTF-8');
  });

  test('a server that ignores prefixes is filtered', () => {
    const parser = createRefParser('test', 'sha1', ['refs/heads/a', 'HEAD']);
    const all = wire(`${a} HEAD`, `${a} refs/heads/a`, `${a} refs/heads/ab`, `${a} refs/heads/b`, null);
    expect(parse(parser, all).map((ref) => ref.name)).toEqual(['HEAD', 'refs/heads/a', 'refs/heads/ab']);
  });

  test.each([
    ['no flush', wire(`${a} refs/heads/x`)],
    ['more after the flush', wire(null, `${a} refs/heads/x`)],
    ['a short id', wire('abc refs/heads/x', null)],
    ['an id in capitals', wire(`${'A'.repeat(40)} refs/heads/x`, null)],
    ['an id of the other format', wire(`${'a'.repeat(64)} refs/heads/x`, null)],
    ['no name', wire(`${a} \n`, null)],
    ['an ERR packet', wire('ERR access denied or repository not exported')],
    ['a delimiter', Buffer.from('0001')],
    ['a page', Buffer.from('<!DOCTYPE html>')],
  ])('%s is an error', (_, bytes) => {
    expect(() => parse(createRefParser('test', 'sha1', []), bytes)).toThrow(SluiceError);
  });

  test('an ERR packet is quoted without what a terminal would obey', () => {
    expect(() => refs('ERR \x1b[31mno\x07 such\x1b[0m repository')).toThrow('test says: no such repository');
  });

  test('however the bytes are cut, the refs are the same', () => {
    const names = fc.array(fc.stringMatching(/^[a-z/\u00e4\u{1f600}]{1,20}$/u), { maxLength: 20 });
    fc.assert(
      fc.property(names, fc.array(fc.nat({ max: 60 }), { minLength: 1 }), (some, sizes) => {
        const bytes = wire(...some.map((name) => `${a} refs/heads/${name}\n`), null);
        const expected = some.map((name) => ({ name: `refs/heads/${name}`, oid: a }));
        expect(parse(createRefParser('test', 'sha1', []), bytes, sizes)).toEqual(expected);
      }),
    );
  });
});

describe('the advertisement of receive-pack', () => {
  const header = ['# service=git-receive-pack\n', null] as const;
  const offer = (...args: Parameters<typeof wire>) => parse(createOfferParser('test'), wire(...args));

  test('refs, borrowed tips and capabilities', () => {
    const capabilities =
      'report-status delete-refs side-band-64k quiet atomic ofs-delta object-format=sha1 agent=git/2.39.5';
    expect(offer(...header, `${a} refs/heads/main\0${capabilities}\n`, `${b} .have\n`, null)).toEqual({
      refs: new Map([['refs/heads/main', a]]),
      alternates: [b],
      shallow: false,
      objectFormat: 'sha1',
      capabilities: new Map([
        ...['report-status', 'delete-refs', 'side-band-64k', 'quiet', 'atomic', 'ofs-delta'].map(
          (key) => [key, ''] as const,
        ),
        ['object-format', 'sha1'],
        ['agent', 'git/2.39.5'],
      ]),
    });
  });

  test('an empty repository', () => {
    const empty = offer(...header, `${'0'.repeat(40)} capabilities^{}\0report-status`, null);
    expect(empty).toMatchObject({ refs: new Map(), alternates: [] });
  });

  test('a shallow repository, a server without the service header, and version 1', () => {
    expect(offer(`${a} refs/heads/main\0report-status`, `shallow ${b}`, null)).toMatchObject({ shallow: true });
    expect(offer(...header, 'version 1', `${a} refs/heads/main\0report-status`, null).refs.size).toBe(1);
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['the header only', wire(...header)],
    ['no capabilities', wire(...header, null)],
    ['no end', wire(...header, `${a} refs/heads/main\0report-status`)],
    ['an unknown object format', wire(...header, `${a} refs/heads/main\0object-format=md5`, null)],
    ['an ERR packet', wire(...header, 'ERR no')],
    ['a page', Buffer.from('<html>')],
  ])('%s is an error', (_, bytes) => {
    expect(() => parse(createOfferParser('test'), bytes)).toThrow(SluiceError);
  });

  test('whatever comes, cut in whatever way, is an offer or a SluiceError', () => {
    const piece = fc.oneof(
      fc.constantFrom('0000', '0001', '0002', '0004', '001f# service=git-receive-pack\n'),
      fc.string().map((text) => wire(text).toString()),
      fc.constantFrom(a, b).map((oid) => wire(`${oid} refs/heads/x\0report-status`).toString()),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece), fc.array(fc.nat({ max: 60 }), { minLength: 1 }), (pieces, sizes) => {
        for (const parser of [createOfferParser('test'), createRefParser('test', 'sha1', [])]) {
          try {
            parse<unknown>(parser, Buffer.from(pieces.join('')), sizes);
          } catch (error) {
            expect(error).toBeInstanceOf(SluiceError);
          }
        }
      }),
    );
  });
});

describe('encodeCommands', () => {
  const capabilities = new Map([
    ['quiet', ''],
    ['agent', 'git/2'],
    ['object-format', 'sha1'],
  ]);
  const options = { atomic: true, agent: 'sluice/1' };

  test('creates, moves and deletes', () => {
    const updates = [
      { name: 'refs/heads/new', old: undefined, new: a },
      { name: 'refs/heads/moved', old: a, new: b },
      { name: 'refs/heads/gone', old: b, new: undefined },
    ];
    const zero = '0'.repeat(40);
    const asked = 'report-status side-band-64k atomic quiet object-format=sha1 agent=sluice/1';
    expect(encodeCommands(updates, { capabilities, objectFormat: 'sha1' }, options)).toEqual(
      wire(
        `${zero} ${a} refs/heads/new\0 ${asked}`,
        `${a} ${b} refs/heads/moved`,
        `${b} ${zero} refs/heads/gone`,
        null,
      ),
    );
  });

  test('the zero of SHA-256 has 64 digits', () => {
    const offer = { capabilities: new Map(), objectFormat: 'sha256' } as const;
    const bytes = encodeCommands([{ name: 'refs/heads/x', old: undefined, new: 'c'.repeat(64) }], offer, options);
    expect(bytes.toString()).toContain(`${'0'.repeat(64)} ${'c'.repeat(64)} refs/heads/x\0 `);
  });
});
