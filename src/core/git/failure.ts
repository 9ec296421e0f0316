import { type ErrorCode, SluiceError } from '../errors.ts';

/**
 * git reports every failure of a remote as status 128 and prose, so the prose decides. LC_ALL=C keeps it stable; each pattern
 * names messages of git, curl, OpenSSH or a forge. The first match wins: denial before absence before faults.
 */
const causes: readonly (readonly [RegExp, ErrorCode, string])[] = [
  [
    /no space left on device|disk quota exceeded/i,
    'unavailable',
    "A disk is full: this machine's (--cache-dir, TMPDIR) or the server's. Free some space and run again.",
  ],
  [
    /authentication failed|could not read (username|password)|invalid username or (password|token)|terminal prompts disabled|permission denied \(|host key verification failed|http basic: access denied|returned error: 40[13]|access denied|not authorized|write access to repository not granted|you are not allowed|permission to .* denied/i,
    'denied',
    "Give a token (environment or configuration), or set up git's credential helper or your SSH agent; sluice never asks for a password.",
  ],
  [
    /returned error: 30[12378]\b/i,
    'not-found',
    'The server redirects to another address, and a credential is not taken there. Write the address that it has now.',
  ],
  [/returned error: 429|too many requests|rate limit/i, 'rate-limited', 'Wait, then run the same command again.'],
  [
    /repository .*not found|returned error: 404|does not appear to be a git repository|not a git repository|no such file or directory|could not be found|project you were looking for/i,
    'not-found',
    'Check the spelling; many forges also say "not found" when the credential may not see a private repository.',
  ],
  [
    /could not resolve host|connection (refused|reset|timed out|closed)|failed to connect|operation timed out|network is unreachable|early eof|unexpected disconnect|remote end hung up|rpc failed|returned error: 5\d\d|broken pipe|ssl|gnutls|tls|empty reply|transfer closed|bad pack header|invalid index-pack output|curl \d+|no route to host/i,
    'unavailable',
    'The same command may succeed later.',
  ],
];

/** What went wrong at the remote, from git's own words; the last lines of stderr are kept in the message. */
export function gitFailure(purpose: string, stderr: string): SluiceError {
  const [, code, hint] = causes.find(([pattern]) => pattern.test(stderr)) ?? [undefined, undefined, undefined];
  const message = `${purpose}: ${lastWords(stderr)}`;
  // Unknown words are not retried: a local cause (disk full, broken cache) would only be repeated.
  if (code === undefined) return new SluiceError('not-found', message, { exit: 69 });
  return new SluiceError(code, message, { hint: hint ?? '' });
}

/**
 * What a failure on this machine's own disk means: full is said as such, a directory that may not be written is the
 * configuration's; anything else is thrown as it came.
 */
export function diskFailure(purpose: string, error: unknown): unknown {
  if (error instanceof SluiceError || !(error instanceof Error)) return error;
  const words = lastWords(error.message);
  if (/ENOSPC|EDQUOT|no space left|quota exceeded/i.test(words)) return gitFailure(purpose, 'no space left on device');
  // Node says ENOENT when it cannot make a directory on a read-only disk (mkdir, recursive), so any system error counts.
  if (!('syscall' in error) && !/permission denied|read-only file system/i.test(words)) return error;
  return new SluiceError('config', `${purpose}: ${words}`, {
    hint: 'Choose a writable --cache-dir and TMPDIR.',
    cause: error,
  });
}

/** The telling lines of git's stderr, on one line, without its progress and hints. */
export function lastWords(stderr: string): string {
  const lines = stderr
    .split(/[\r\n]+/)
    .map((line) => line.trim())
    .filter(
      (line) =>
        line !== '' &&
        !/^(hint:|remote: (Enumerating|Counting|Compressing|Total)|Receiving|Resolving|Writing)/.test(line),
    );
  const telling = lines.filter((line) => /^(fatal|error|remote|ssh|ERROR)/.test(line));
  const words = (telling.length > 0 ? telling : lines).slice(-4).join('; ');
  return words === '' ? 'git failed without a message' : words.slice(0, 600);
}
