import type { RepositoryConfig, RepositoryMirror } from '../config/config.ts';
import { SluiceError } from '../errors.ts';
import type { Forge } from '../forges/forge.ts';
import { matcher, parseRefspec, starPattern } from '../mirror/select.ts';
import { parseTemplate, templateNamespace, templatePattern } from '../mirror/template.ts';
import { type RefName, shortName } from '../model/ref.ts';
import type { RepoName } from '../serve/repo-pattern.ts';
import type { MirrorRule, RepositoryRules } from '../serve/rules.ts';

/** What routing needs to know of an entry, compiled once. */
export function rulesOf(entry: RepositoryConfig, repo: RepoName, forge: Forge): RepositoryRules {
  return {
    repo,
    mirror: entry.mirror && mirrorRule(entry.mirror, repo),
    runs: entry.run.map(({ name, on, branches }) => ({ name, on, runsFor: matcher(branches, []) })),
    runMirrored: entry.runMirrored,
    reports: entry.statuses && forge.statuses !== undefined,
  };
}

function mirrorRule(mirror: RepositoryMirror, repo: RepoName): MirrorRule {
  const { to, changes, exclude } = mirror;
  if (changes !== undefined) requireOwnDirectory(changes.as);
  const refspecs = mirror.refs.map(parseRefspec);
  const branches = matcher(mirror.branches, exclude);
  const tags = matcher(mirror.tags, exclude);
  const named = templatePattern(parseTemplate(mirror.as));
  const ofChanges = changes && templatePattern(parseTemplate(changes.as));
  const selects = (ref: RefName) =>
    (ref.startsWith('refs/heads/') && branches(shortName(ref))) ||
    (ref.startsWith('refs/tags/') && tags(shortName(ref))) ||
    refspecs.some(({ from }) => starPattern(from).test(ref));
  const owns = (ref: RefName) => {
    if (refspecs.some((refspec) => starPattern(refspec.to).test(ref))) return true;
    const original = named.exec(shortName(ref))?.groups?.name;
    if (ref.startsWith('refs/tags/')) return original !== undefined && tags(original);
    if (!ref.startsWith('refs/heads/')) return false;
    return (original !== undefined && branches(original)) || ofChanges?.test(shortName(ref)) === true;
  };
  const destination = to === undefined ? repo : to.kind === 'forge' ? { alias: to.alias, path: to.path } : undefined;
  return { to: destination, changes: changes && { includeInternal: changes.includeInternal }, selects, owns };
}

/** What is deleted when a change request is closed must be its own mirror and nobody's branch. */
function requireOwnDirectory(as: string): void {
  const template = parseTemplate(as);
  const numbered = template.some((part) => typeof part !== 'string' && part.placeholder === 'number');
  if (numbered && templateNamespace(template) !== undefined) return;
  throw new SluiceError('config', `changes.as: ${JSON.stringify(as)} must hold {number} in a directory of its own`, {
    hint: 'For example "pr/{number}".',
  });
}
