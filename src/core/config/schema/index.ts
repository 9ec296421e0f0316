import * as z from 'zod/mini';
import { forges } from './forges.ts';
import { gate } from './gate.ts';
import { mirrorDefaults } from './mirror-defaults.ts';
import { repositories } from './repositories.ts';
import { serve } from './serve.ts';
import { key, section, text } from './values.ts';

export const logLevels = ['debug', 'info', 'warn', 'error'] as const;
export const logFormats = ['pretty', 'json'] as const;

/** The whole configuration as users write it. Nothing is converted here: see normalise.ts. */
export const configSchema = z.strictObject({
  // Editors put it into JSON files to find the schema; sluice does not read it.
  $schema: key(z.string(), 'Address of this schema, for editors'),
  forges: section(forges, 'Alias → forge; github, gitlab and bitbucket exist without being written'),
  repositories: section(repositories, 'Repositories that are mirrored, served and polled'),
  mirror: section(mirrorDefaults, 'Defaults of sluice mirror, named like its flags'),
  gate: section(gate, 'What sluice gate demands'),
  serve: section(serve, 'How sluice serve listens, stores and works'),
  plugins: key(z.array(text), 'npm packages or files with further commands and forges'),
  log: key(
    z.strictObject({
      level: key(z.enum(logLevels), 'Least important lines that are logged; default info'),
      format: key(z.enum(logFormats), 'pretty for people, json for machines; default by terminal'),
    }),
    'Logging',
  ),
});

/** The configuration as a file holds it, after validation and before normalisation. */
export type WrittenConfig = z.infer<typeof configSchema>;
