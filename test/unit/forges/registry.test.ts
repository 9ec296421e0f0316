import { expect, test } from 'vitest';
import { builtInForges, forgeRegistry, openForge } from '../../../src/core/forges/registry.ts';

const own = builtInForges.map((definition) => ({ owner: 'sluice', definition }));

test('every built-in forge loads and opens under its own type', async () => {
  for (const definition of forgeRegistry(own).values()) {
    const forge = await openForge(definition, { alias: 'x', webUrl: 'https://forge.example.org' });
    expect(forge).toMatchObject({ type: definition.type, alias: 'x' });
  }
});

test('a type has one owner; two are named', () => {
  const [definition] = builtInForges;
  if (definition === undefined) throw new Error('there is none');
  const twice = [...own, { owner: 'sluice-plugin-hub', definition: { ...definition } }];
  expect(() => forgeRegistry(twice)).toThrow(
    expect.objectContaining({ code: 'config', message: expect.stringMatching(/github.*sluice.*sluice-plugin-hub/) }),
  );
});

test('a plugin’s forge stands beside the built-in ones', () => {
  const definition = { type: 'sourcehut', load: () => Promise.reject(new Error('not now')) };
  const registry = forgeRegistry([...own, { owner: 'sluice-plugin-srht', definition }]);
  expect(registry.get('sourcehut')).toBe(definition);
  expect(registry.size).toBe(builtInForges.length + 1);
});
