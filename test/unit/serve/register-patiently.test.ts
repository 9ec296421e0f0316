import { expect, test } from 'vitest';
import { registerPatiently } from '../../../src/core/app/serve-register.ts';
import { SluiceError } from '../../../src/core/errors.ts';
import type { HooksRole } from '../../../src/core/forges/webhooks-role.ts';
import { Secret } from '../../../src/core/secret.ts';

test('what may pass is tried again, and only that; what is refused is said once', async () => {
  const { signal } = new AbortController();
  const asked: string[] = [];
  const said: string[] = [];
  const line = (message: string) => void said.push(message);
  const log = { debug: line, info: line, warn: line, error: line };
  const down = new SluiceError('unavailable', 'the forge is down');
  const refused = new SluiceError('denied', 'the token may not do that');
  const answers: Record<string, (SluiceError | undefined)[]> = { down: [down, down], refused: [refused], fine: [] };
  const served = Object.keys(answers).map((source) => {
    const hooks: HooksRole = {
      list: async () => {
        asked.push(source);
        const problem = answers[source]?.shift();
        if (problem !== undefined) throw problem;
        return [];
      },
      save: async (_, { url }) => ({ id: '1', url, active: true }),
      remove: async () => {},
    };
    const repo = { alias: 'gh', path: `acme/${source}` };
    return { source, repo, entry: { repo: `gh:acme/${source}` }, forge: { hooks }, secrets: [new Secret('a secret')] };
  });
  const book = { registrationOf: () => undefined, remember: async () => {} };
  let tried = 0;
  await registerPatiently({ log, signal }, { served, book } as never, {
    addressOf: (source) => `https://ci.example/hooks/${source}`,
    tried: () => {
      tried += 1;
    },
    pauseMs: 1,
  });
  expect(asked).toEqual(['down', 'refused', 'fine', 'down', 'down']);
  expect(tried).toBe(3);
  expect(said.filter((one) => one.includes('refused'))).toHaveLength(1);
  expect(said.at(-1)).toBe('the webhook of gh:acme/down was created: https://ci.example/hooks/down');
});
