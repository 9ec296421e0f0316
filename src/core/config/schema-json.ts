import * as z from 'zod/mini';
import { configSchema } from './schema/index.ts';

/** The JSON Schema of the configuration file, from which editors complete and check it. */
export function configJsonSchema(): Readonly<Record<string, unknown>> {
  // draft-07 is what editors and the YAML language server understand best.
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { target: 'draft-07', io: 'input', reused: 'inline' });
  return {
    $schema,
    $id: 'https://unpkg.com/git-sluice/schema/sluice.schema.json',
    title: 'sluice configuration',
    description: 'sluice.yaml, sluice.json, .sluicerc, or "sluice" in package.json',
    ...schema,
  };
}

/** As it is written to schema/sluice.schema.json. */
export function configJsonSchemaText(): string {
  return `${JSON.stringify(configJsonSchema(), null, 2)}\n`;
}
