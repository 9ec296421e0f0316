import { randomBytes, randomUUID } from 'node:crypto';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { SluiceError } from '../errors.ts';
import { makeDirectory } from '../make-directory.ts';
import { Secret } from '../secret.ts';
import type { Registration } from '../serve/register.ts';

const fileSchema = z.object({
  version: z.literal(1),
  secrets: z.record(z.string(), z.string()),
  registrations: z.record(z.string(), z.object({ id: z.string(), url: z.string() })),
  smeeChannel: z.optional(z.string()),
});

type Written = z.infer<typeof fileSchema>;

/** What this server knows of its webhooks at the forges: secrets that it made itself, and the forges' ids. */
export interface WebhookBook {
  /** The secret that was made for a source; undefined: none was. */
  secretOf(source: string): Secret | undefined;
  /** Makes one if there is none. On the disk when it resolves. */
  makeSecret(source: string): Promise<Secret>;
  registrationOf(source: string): Registration | undefined;
  remember(source: string, registration: Registration | undefined): Promise<void>;
  readonly smeeChannel: string | undefined;
  rememberSmeeChannel(channel: string): Promise<void>;
}

/** Opens `webhooks.json` in the data directory (mode 0600). A file that is not ours is SluiceError `config`: its secrets would be lost. */
export async function openWebhookBook(dataDir: string): Promise<WebhookBook> {
  const path = join(dataDir, 'webhooks.json');
  let now = await read(path);
  let last: Promise<void> = Promise.resolve();

  /** One after the other: sources ask at the same time, and none may write away what another one has just been given. */
  async function change(step: (before: Written) => Written): Promise<void> {
    const done = last.then(async () => {
      const next = step(now);
      await makeDirectory(dataDir, 0o700);
      await replace(path, `${JSON.stringify(next, undefined, 2)}\n`);
      now = next;
    });
    last = done.catch(() => undefined);
    await done;
  }

  function secretOf(source: string): Secret | undefined {
    const value = now.secrets[source];
    return value === undefined ? undefined : new Secret(value);
  }

  return {
    secretOf,
    async makeSecret(source) {
      const known = secretOf(source);
      if (known !== undefined) return known;
      const value = randomBytes(32).toString('hex');
      // Whoever asked first has made it.
      await change((before) => ({ ...before, secrets: { [source]: value, ...before.secrets } }));
      return secretOf(source) ?? new Secret(value);
    },
    registrationOf: (source) => now.registrations[source],
    async remember(source, registration) {
      await change((before) => {
        const { [source]: _, ...others } = before.registrations;
        return {
          ...before,
          registrations: registration === undefined ? others : { ...others, [source]: registration },
        };
      });
    },
    get smeeChannel() {
      return now.smeeChannel;
    },
    async rememberSmeeChannel(smeeChannel) {
      await change((before) => ({ ...before, smeeChannel }));
    },
  };
}

async function read(path: string): Promise<Written> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new SluiceError('config', `the webhooks of this server (${path}) cannot be read: ${error.code}`, {
      hint: 'It must be readable for the user that sluice runs as.',
    });
  });
  if (text === undefined) return { version: 1, secrets: {}, registrations: {} };
  try {
    return fileSchema.parse(JSON.parse(text));
  } catch {
    throw new SluiceError('config', `${path} does not have the form of the webhooks of this server`, {
      hint: 'Put it back from a backup; or remove it and run again with --register, which makes new secrets.',
    });
  }
}

/** Whole or not at all, also when the disk is full. */
async function replace(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeFile(draft, text, { mode: 0o600, flag: 'wx', flush: true });
    await rename(draft, path);
  } catch (error) {
    // The reason that matters is the first one.
    await rm(draft, { force: true }).catch(() => {});
    const { code } = error as NodeJS.ErrnoException;
    throw new SluiceError('unavailable', `${path} could not be written: ${code ?? String(error)}`, { cause: error });
  }
}
