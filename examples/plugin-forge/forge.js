// The server: `<url>/<owner>/<name>.git` for git, and `<url>/index.json`:
//   { "acme/app": [ { "number": 7, "title": "…", "author": "ann", "branch": "fix", "sha": "<40 hex>", "base": "main" } ] }
// The head of change request 7 is at refs/changes/7/head of the repository itself.

const timeLimitMs = 30_000;

/** @type {import('git-sluice').ForgeModule['create']} */
export function create(options) {
  const webUrl = options.webUrl.replace(/\/+$/, '');
  const apiUrl = options.apiUrl ?? webUrl;
  return {
    type: 'git-index',
    alias: options.alias,
    webUrl,
    apiUrl,
    words: { change: 'change request', sigil: '#' },
    cloneUrl: (repo) => `${webUrl}/${repo}.git`,
    repoOf: (gitUrl) =>
      gitUrl.startsWith(`${webUrl}/`) ? gitUrl.slice(webUrl.length + 1).replace(/\.git$/, '') : undefined,
    gitCredential: async () => (options.token ? { kind: 'bearer', token: options.token.reveal() } : undefined),
    changes: {
      async listOpen(repo, call) {
        const entries = await readIndex(apiUrl, repo, options.token, call?.signal);
        return entries.map((entry) => convert(entry, repo, webUrl)).sort((a, b) => a.number - b.number);
      },
      async find(repo, number, call) {
        const entries = await readIndex(apiUrl, repo, options.token, call?.signal);
        const entry = entries.find((candidate) => candidate.number === number);
        return entry && convert(entry, repo, webUrl);
      },
      headLocation: (repo, change) => ({ repo, ref: `refs/changes/${change.number}/head` }),
    },
  };
}

async function readIndex(apiUrl, repo, token, signal) {
  const limit = AbortSignal.timeout(timeLimitMs);
  const url = `${apiUrl}/index.json`;
  const response = await fetch(url, {
    headers: token ? { authorization: `Bearer ${token.reveal()}` } : {},
    redirect: 'error',
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
  }).catch((cause) => {
    signal?.throwIfAborted();
    throw failure('unavailable', `list the change requests of ${repo}: ${url} cannot be reached`, cause);
  });
  if (response.status === 401 || response.status === 403) {
    throw failure('denied', `list the change requests of ${repo}: ${url} answered ${response.status}`);
  }
  if (!response.ok)
    throw failure('unavailable', `list the change requests of ${repo}: ${url} answered ${response.status}`);
  const entries = (await response.json())[repo];
  if (entries === undefined) throw failure('not-found', `list the change requests of ${repo}: ${url} does not name it`);
  return entries;
}

// A plugin may run where the package git-sluice cannot be imported; sluice knows its errors by name and code.
function failure(code, message, cause) {
  return Object.assign(new Error(message, { cause }), { name: 'SluiceError', code });
}

/** @returns {import('git-sluice').Change} */
function convert(entry, repo, webUrl) {
  return {
    number: entry.number,
    title: entry.title,
    state: 'open',
    draft: false,
    author: entry.author ?? '',
    url: `${webUrl}/${repo}/changes/${entry.number}`,
    head: { repo: undefined, branch: entry.branch, sha: entry.sha },
    base: { repo, branch: entry.base, sha: undefined },
    internal: false,
  };
}
