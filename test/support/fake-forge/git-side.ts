import { existsSync } from 'node:fs';
import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Forge, GitCredential } from '../../../src/core/forges/forge.ts';
import { builtInForges, openForge } from '../../../src/core/forges/registry.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { GitHttpAuth } from '../git-http-auth.ts';
import { type GitHttpServer, startGitHttpServer } from '../git-http-server.ts';
import type { FakeForge } from './server.ts';

/**
 * The git half of a fake forge: a real server, with each of the fake's repositories where the forge's clone URL looks for it, which lets in
 * who has the credential that the forge makes of the fake's token. The fake's repositories have to be there already.
 * `root` is an empty directory of the caller's; `options.auth` may be changed.
 */
export async function startGitSide(type: string, fake: FakeForge, root: string): Promise<GitHttpServer> {
  const definition = builtInForges.find((one) => one.type === type);
  if (definition === undefined) throw new Error(`there is no forge of the type ${type}`);
  const server = await startGitHttpServer(root);
  const token = new Secret(fake.token);
  const forge = await openForge(definition, { alias: 'it', webUrl: server.origin, apiUrl: fake.apiUrl, token });
  const [first] = fake.state.repositories.keys();
  server.options.auth = authOf(await forge.gitCredential(first ?? 'acme/app'));
  await linkRepositories(fake, forge, root);
  return server;
}

function authOf(credential: GitCredential | undefined): GitHttpAuth {
  if (credential?.kind === 'bearer') return { tokens: [credential.token] };
  if (credential?.kind === 'basic') return { users: { [credential.username]: credential.password } };
  throw new Error('the forge has no credential for git');
}

async function linkRepositories(fake: FakeForge, forge: Forge, root: string): Promise<void> {
  for (const { path, gitDir } of fake.state.repositories.values()) {
    const link = join(root, decodeURIComponent(new URL(forge.cloneUrl(path)).pathname));
    await mkdir(dirname(link), { recursive: true });
    if (!existsSync(link)) await symlink(gitDir, link);
  }
}
