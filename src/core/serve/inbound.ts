import { fillRepo, matchRepo, type RepoName } from './repo-pattern.ts';
import type { MirrorRule, RepositoryRules } from './rules.ts';

/** A mapping that writes into a repository. */
export interface Inbound {
  readonly rule: MirrorRule;
  /** Where it comes from; undefined: several patterns' worth of repositories end in one, so nobody can say. */
  readonly from: RepoName | undefined;
}

/** The mappings whose destination is this repository (pure). */
export function inboundMirrors(all: readonly RepositoryRules[], repo: RepoName): readonly Inbound[] {
  return all.flatMap(({ repo: source, mirror }) => {
    if (mirror?.to === undefined || mirror.to.alias !== repo.alias) return [];
    const parts = matchRepo(mirror.to.path, repo.path);
    if (parts === undefined) return [];
    const known = !source.path.includes('*') || parts.length > 0;
    return [{ rule: mirror, from: known ? { alias: source.alias, path: fillRepo(source.path, parts) } : undefined }];
  });
}
