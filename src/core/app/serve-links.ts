import type { Forge } from '../forges/forge.ts';
import { fillRepo } from '../serve/repo-pattern.ts';
import type { ForgeLinks } from '../serve/run-view.ts';

interface Shape {
  readonly commit: string;
  readonly change: string;
}

/** Where a forge shows commits and change requests, below a repository's page. */
const shapes: Readonly<Record<string, Shape>> = {
  github: { commit: '/commit/', change: '/pull/' },
  gitlab: { commit: '/-/commit/', change: '/-/merge_requests/' },
  gitea: { commit: '/commit/', change: '/pulls/' },
  bitbucket: { commit: '/commits/', change: '/pull-requests/' },
  'bitbucket-datacenter': { commit: '/commits/', change: '/pull-requests/' },
};

/** Addresses of pages for people, made from the configured forges and nothing that a delivery says. */
export function forgeLinks(forges: readonly Forge[]): ForgeLinks {
  const byAlias = new Map(forges.map((forge) => [forge.alias, forge]));

  function at(repo: string): { readonly forge: Forge; readonly page: string } | undefined {
    const colon = repo.indexOf(':');
    const forge = byAlias.get(repo.slice(0, colon));
    return forge === undefined ? undefined : { forge, page: pageOf(forge, repo.slice(colon + 1)) };
  }

  function below(repo: string, kind: keyof Shape, id: string): string | undefined {
    const found = at(repo);
    const shape = found === undefined ? undefined : shapes[found.forge.type];
    return found === undefined || shape === undefined ? undefined : `${found.page}${shape[kind]}${id}`;
  }

  return {
    repository: (repo) => (repo.includes('*') ? undefined : at(repo)?.page),
    commit: (repo, sha) => below(repo, 'commit', sha),
    change: (repo, number) => ({
      url: below(repo, 'change', String(number)),
      word: at(repo)?.forge.words.change ?? 'change request',
    }),
  };
}

function pageOf({ type, webUrl }: Forge, path: string): string {
  const parts = path.split('/').map(encodeURIComponent);
  if (type !== 'bitbucket-datacenter') return `${webUrl}/${parts.join('/')}`;
  const [owner = '', name = ''] = parts;
  const personal = owner.startsWith('~') || owner.startsWith('%7E');
  return fillRepo(personal ? `${webUrl}/users/*/repos/*` : `${webUrl}/projects/*/repos/*`, [
    owner.replace(/^(?:~|%7E)/, ''),
    name,
  ]);
}
