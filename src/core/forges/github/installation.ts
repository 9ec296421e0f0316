import { SluiceError } from '../../errors.ts';
import type { ApiClient } from '../../http/client.ts';
import { Secret } from '../../secret.ts';
import { answered } from '../answered.ts';
import type { ForgeApp } from '../definition.ts';
import type { CallOptions } from '../forge.ts';
import { ownerAndName } from '../repo-path.ts';
import { repositoryPath } from './urls.ts';
import { accessTokenSchema, installationSchema } from './wire.ts';

// They live an hour; one that is handed to git must outlive a long push.
const renewBeforeMs = 5 * 60_000;

interface Token {
  readonly secret: Secret;
  readonly expiresMs: number;
}

/**
 * Installation tokens of one App, by repository. `client` authenticates as the App itself. Kept until five minutes before
 * they end; an App has one installation for each account, so the owner is what is remembered.
 */
export function installationTokens(
  client: ApiClient,
  app: ForgeApp,
  now: () => number,
): (repo: string, options: CallOptions) => Promise<Secret> {
  const installations = new Map<string, number>();
  const tokens = new Map<number, Promise<Token>>();

  async function installationOf(repo: string, options: CallOptions): Promise<number> {
    if (app.installationId !== undefined) return app.installationId;
    const owner = ownerAndName(repo).owner.toLowerCase();
    const id = installations.get(owner) ?? (await findInstallation(client, app, repo, options));
    installations.set(owner, id);
    return id;
  }

  return async (repo, options) => {
    const id = await installationOf(repo, options);
    const kept = await tokens.get(id)?.catch(() => undefined);
    if (kept !== undefined && kept.expiresMs - renewBeforeMs > now()) return kept.secret;
    const fresh = createToken(client, id, options);
    tokens.set(id, fresh);
    return (await fresh).secret;
  };
}

async function findInstallation(client: ApiClient, app: ForgeApp, repo: string, options: CallOptions): Promise<number> {
  const purpose = `find the installation of the GitHub App ${app.id} for ${repo}`;
  const decode = (value: unknown) => installationSchema.parse(value).id;
  const { owner } = ownerAndName(repo);
  // The second one is for a repository that does not exist yet.
  for (const path of [repositoryPath(repo), `/orgs/${encodeURIComponent(owner)}`]) {
    const answer = await client.send({ path: `${path}/installation`, decode, accept: [404], purpose, ...options });
    if (answer.value !== undefined) return answer.value;
  }
  throw new SluiceError('denied', `the GitHub App ${app.id} is not installed for ${repo}`, {
    hint: `Install it for ${owner}, and let it see the repository.`,
  });
}

async function createToken(client: ApiClient, installation: number, options: CallOptions): Promise<Token> {
  const purpose = `create a token for the installation ${installation} of the GitHub App`;
  const answer = await client.send({
    method: 'POST',
    path: `/app/installations/${installation}/access_tokens`,
    decode: (value) => {
      const { token, expires_at } = accessTokenSchema.parse(value);
      return { secret: new Secret(token), expiresMs: Date.parse(expires_at) };
    },
    purpose,
    ...options,
  });
  return answered(answer, purpose);
}
