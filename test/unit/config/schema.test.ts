import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { checkShape } from '../../../src/core/config/check-shape.ts';
import { parseYaml } from '../../../src/core/config/parse.ts';
import { configSchema } from '../../../src/core/config/schema/index.ts';
import { configJsonSchemaText } from '../../../src/core/config/schema-json.ts';
import { exampleYaml } from './example.ts';

const published: Record<string, unknown> = JSON.parse(
  readFileSync(new URL('../../../schema/sluice.schema.json', import.meta.url), 'utf8'),
);
const validate = new Ajv({ allErrors: true }).compile(published);

function zodAccepts(value: unknown): boolean {
  return 'value' in checkShape(configSchema, value);
}

describe('the published JSON Schema', () => {
  test('is the one that the code generates (node scripts/schema.ts)', () => {
    expect(`${JSON.stringify(published, null, 2)}\n`).toBe(configJsonSchemaText());
  });

  test('accepts the example of the specification, as the code does', async () => {
    const { value } = await parseYaml(exampleYaml);
    expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
    expect(zodAccepts(value)).toBe(true);
  });

  test.each([
    ['{ gat: {} }'],
    ['forges: { gh: { type: github, token: plain } }'],
    ['forges: { gh: { type: github, token: { env: A, file: b } } }'],
    ['forges: { "a b": { type: github } }'],
    ['repositories: [{}]'],
    ['repositories: [{ repo: "" }]'],
    ['repositories: [{ repo: x, poll: { interval: soon } }]'],
    ['repositories: [{ repo: x, poll: { interval: -1 } }]'],
    ['repositories: [{ repo: x, run: [{ name: a }] }]'],
    ['gate: { minApprovals: 1.5 }'],
    ['gate: { lookup: [tag] }'],
    ['serve: { listen: nowhere }'],
    ['mirror: { batch: 0 }'],
    ['log: { level: loud }'],
  ])('refuses what the code refuses: %s', async (yaml) => {
    const { value } = await parseYaml(yaml);
    expect(validate(value)).toBe(false);
    expect(zodAccepts(value)).toBe(false);
  });

  test.each([
    ['repositories: [{ repo: x, run: [make, test] }]'],
    ['repositories: [{ repo: x, poll: { interval: 90 }, mirror: { changes: true } }]'],
    ['forges: { gh: { type: custom, app: { id: Iv1.abc, privateKey: { command: [pass, key] } } } }'],
    ['serve: { listen: "unix:/run/sluice.sock", trustProxy: ["10.0.0.0/8", "::1"] }'],
    ['serve: { listen: "[::1]:80" }'],
  ])('accepts what the code accepts: %s', async (yaml) => {
    const { value } = await parseYaml(yaml);
    expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
    expect(zodAccepts(value)).toBe(true);
  });

  test('describes every key', () => {
    const bare: string[] = [];
    JSON.parse(JSON.stringify(published), (key, value) => {
      if (key !== 'properties') return value;
      const described = Object.entries(value as Record<string, { description?: string }>);
      bare.push(...described.filter(([, { description }]) => description === undefined).map(([name]) => name));
      return value;
    });
    expect(bare).toEqual([]);
  });
});
