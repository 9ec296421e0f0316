import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkTree } from '../../../src/core/config/check-tree.ts';
import { configSchema } from '../../../src/core/config/schema/index.ts';

/** Values that resemble a configuration: real keys at every level, with values of the wrong and the right kind. */
const words = [
  'type',
  'url',
  'token',
  'env',
  'file',
  'command',
  'repo',
  'to',
  'mirror',
  'changes',
  'run',
  'poll',
  'interval',
  'map',
];
const { value: configLike } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'medium', withCrossShrink: true },
    fc.constantFrom<unknown>(
      'github',
      'gitlab:a/b',
      'main',
      '15m',
      '[',
      '',
      0,
      -1,
      5,
      1e99,
      true,
      null,
      '__proto__',
      '$(id)',
    ),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...Object.keys(configSchema.shape), ...words), tie('value'), { maxKeys: 4 }),
  ),
}));

describe('any tree', () => {
  test('is a configuration or a list of findings, never a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(configLike, fc.jsonValue()), async (tree) => {
        const result = await checkTree(tree, { baseDir: '/srv', home: '/home/ann' });
        if (!('findings' in result)) return;
        expect(result.findings.length).toBeGreaterThan(0);
        for (const { message } of result.findings) expect(message).not.toMatch(/^$|undefined|Invalid input|\[object/);
      }),
      { numRuns: 1500 },
    );
  });
});
