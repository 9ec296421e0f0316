import * as z from 'zod/mini';
import { key, mustBe, needed, secret, text, webUrl } from './values.ts';

export const forgeTypes = ['github', 'gitlab', 'gitea', 'bitbucket', 'bitbucket-datacenter'] as const;

export const aliasPattern = /^[A-Za-z][A-Za-z0-9_-]*$/;

export function forges() {
  const app = z.strictObject({
    id: needed(
      z.union([z.int(), text], mustBe('the id or client id of the GitHub App')),
      'Id or client id of the GitHub App',
    ),
    privateKey: needed(secret, 'The private key of the App (PEM)'),
    installation: key(z.int(), 'Id of the installation; default: looked up from the repository'),
  });

  const forge = z.strictObject({
    type: needed(
      // Open, because plugins bring types of their own; the built-in ones are listed for editors.
      z.union([z.enum(forgeTypes), text], mustBe(`the type of a forge (${forgeTypes.join(', ')}, or a plugin's)`)),
      `Kind of forge: ${forgeTypes.join(', ')} (Forgejo is gitea), or the type of a plugin's forge`,
    ),
    url: key(webUrl, 'Address of the web pages; default: the public site of the type'),
    api: key(webUrl, 'Base of the API; default: derived from url'),
    token: key(secret, 'Access token'),
    username: key(text, 'Login that belongs to the token, where the forge wants a pair (Bitbucket app passwords)'),
    app: key(app, 'Use a GitHub App instead of a token'),
  });

  return z.record(z.string().check(z.regex(aliasPattern, 'must be a letter, then letters, digits, "-" or "_"')), forge);
}
