import { SluiceError } from '../errors.ts';

/**
 * The parts of a repository's path on a forge: at least an owner and a name, none of them empty or a step in a file system.
 * Whoever puts parts into a URL still percent-encodes each one. Throws SluiceError('usage'); `shape` says what was expected.
 */
export function repoParts(
  repo: string,
  shape: string,
  most = Number.POSITIVE_INFINITY,
): readonly [string, string, ...string[]] {
  const [owner, name, ...rest] = repo.split('/');
  if (owner === undefined || name === undefined || rest.length + 2 > most || !repo.split('/').every(isPart)) {
    throw new SluiceError('usage', `"${repo}" does not name a repository on this forge`, {
      hint: `Write it as ${shape}.`,
    });
  }
  return [owner, name, ...rest];
}

/** The parts of `owner/name`, for forges without nested groups. */
export function ownerAndName(repo: string, shape = 'owner/name'): { readonly owner: string; readonly name: string } {
  const [owner, name] = repoParts(repo, shape, 2);
  return { owner, name };
}

/** True when the path has the form of `owner/name`. */
export function isOwnerAndName(path: string): boolean {
  const parts = path.split('/');
  return parts.length === 2 && parts.every(isPart);
}

/** True when the path has the form of `group/…/name`. */
export function isNestedPath(path: string): boolean {
  const parts = path.split('/');
  return parts.length >= 2 && parts.every(isPart);
}

// "." and ".." would climb in the API's URL, encoded or not (WHATWG URL takes %2e%2e for "..").
function isPart(part: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: no forge has them in a name, and they would end a header or line
  return part !== '' && part !== '.' && part !== '..' && !/[\x00-\x20\x7f\\]/.test(part);
}
