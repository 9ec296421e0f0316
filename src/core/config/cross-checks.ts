import { didYouMean } from '../model/nearest.ts';
import { displayAddress } from '../model/repo.ts';
import { looksLikeToken } from '../model/token-shape.ts';
import type { Config, RepositoryConfig, RepositoryMirror } from './config.ts';
import { isTree } from './layers.ts';
import type { Finding, KeyPath } from './problem.ts';
import { forgeTypes } from './schema/forges.ts';

/** What only the whole configuration shows: names used twice, keys that exclude or need each other, globs that cannot match. */
export async function crossChecks(config: Config): Promise<readonly Finding[]> {
  const globs = config.repositories.flatMap((repository, at) => globsOf(repository, ['repositories', at]));
  return [
    ...forgeFindings(config),
    ...twice(
      config.repositories.map(({ address }) => displayAddress(address)),
      'repo',
    ),
    ...twice(
      config.repositories.map(({ name }) => name),
      'name',
    ),
    ...config.repositories.flatMap((repository, at) => repositoryFindings(repository, ['repositories', at])),
    ...(await globFindings([
      ...globs,
      ...listed(config.mirror.exclude, ['mirror', 'exclude']),
      ...Object.keys(config.gate.map).map((glob) => ({ keys: ['gate', 'map', glob], glob })),
    ])),
    ...serveFindings(config),
  ];
}

/** Every text that can only be a forge's credential, wherever it stands; the finding does not repeat it. */
export function plainTokens(value: unknown, keys: KeyPath = []): readonly Finding[] {
  if (typeof value === 'string') {
    if (!looksLikeToken(value)) return [];
    const message =
      'holds a credential in plain text: use { env: NAME }, { file: PATH } or { command: [PROGRAM, ARGUMENT…] }';
    return [{ keys, message }];
  }
  if (Array.isArray(value)) return value.flatMap((inner, at) => plainTokens(inner, [...keys, at]));
  if (!isTree(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => plainTokens(inner, [...keys, key]));
}

// Self-hosted only: there is no public site to fall back on.
const urlNeeded: readonly string[] = ['gitea', 'bitbucket-datacenter'];

function forgeFindings({ forges, plugins }: Config): readonly Finding[] {
  const builtIn: readonly string[] = forgeTypes;
  return Object.entries(forges).flatMap(([alias, forge]) => {
    const found: Finding[] = [];
    const note = (key: string, message: string): unknown => found.push({ keys: ['forges', alias, key], message });
    if (!builtIn.includes(forge.type) && plugins.length === 0) {
      note('type', `must be one of ${builtIn.join(', ')}${didYouMean(forge.type, builtIn)}, or come from a plugin`);
    }
    if (urlNeeded.includes(forge.type) && forge.url === undefined) note('url', 'is missing: the address of the server');
    if (forge.app !== undefined && forge.type !== 'github') note('app', 'is for forges of type github');
    if (forge.app !== undefined && forge.token !== undefined)
      note('app', 'cannot stand beside token: keep one of them');
    return found;
  });
}

function twice(names: readonly (string | undefined)[], key: string): readonly Finding[] {
  return names.flatMap((name, at) => {
    const first = names.indexOf(name);
    if (name === undefined || first === at) return [];
    return [{ keys: ['repositories', at, key], message: `is the same as that of repositories[${first}]` }];
  });
}

const trustForms = ['internal', 'author:', 'label:', 'review:', 'comment:'];

function repositoryFindings({ mirror, run, poll, trust }: RepositoryConfig, keys: KeyPath): readonly Finding[] {
  const found: Finding[] = [];
  mirror?.refs.forEach((refspec, at) => {
    const problem = refspecProblem(refspec);
    if (problem !== undefined) found.push({ keys: [...keys, 'mirror', 'refs', at], message: problem });
  });
  if (mirror !== undefined && mirrorsNothing(mirror)) {
    found.push({
      keys: [...keys, 'mirror'],
      message: 'mirrors nothing: say what, for example changes: true or branches: ["**"]',
    });
  }
  found.push(
    ...trustFindings(trust, [...keys, 'trust']),
    ...trustFindings(mirror?.changes?.trust ?? [], [...keys, 'mirror', 'changes', 'trust']),
    ...trustFindings(poll?.trust ?? [], [...keys, 'poll', 'trust']),
  );
  run.forEach(({ name }, at) => {
    const first = run.findIndex((other) => other.name === name);
    if (first !== at)
      found.push({ keys: [...keys, 'run', at, 'name'], message: `is the same as that of run[${first}]` });
  });
  if (poll?.file !== undefined && poll.run !== undefined) {
    found.push({ keys: [...keys, 'poll', 'run'], message: 'cannot stand beside file: keep one of them' });
  }
  if (poll !== undefined && poll.intervalMs < 5000) {
    found.push({ keys: [...keys, 'poll', 'interval'], message: 'must be at least 5s' });
  }
  return found;
}

function mirrorsNothing({ changes, branches, tags, refs }: RepositoryMirror): boolean {
  return changes === undefined && branches.length + tags.length + refs.length === 0;
}

function trustFindings(policies: readonly string[], keys: KeyPath): readonly Finding[] {
  return policies.flatMap((policy, at) => {
    if (policy === 'internal' || trustForms.some((form) => form.endsWith(':') && policy.startsWith(form))) return [];
    if (policy === 'review') return [];
    const near = didYouMean(`${policy.split(':')[0]}`, trustForms);
    return [
      { keys: [...keys, at], message: `must be internal, author:…, label:…, review:writer or comment:/…${near}` },
    ];
  });
}

function refspecProblem(refspec: string): string | undefined {
  const parts = refspec.split(':');
  const [source, destination] = parts;
  if (parts.length !== 2 || !source || !destination) return 'must be SRC:DST';
  const stars = parts.map((part) => part.split('*').length - 1);
  return stars[0] === stars[1] && (stars[0] ?? 0) <= 1 ? undefined : 'must hold one * on both sides, or none';
}

interface PlacedGlob {
  readonly keys: KeyPath;
  readonly glob: string;
}

function globsOf({ mirror, run, poll, guard }: RepositoryConfig, keys: KeyPath): readonly PlacedGlob[] {
  return [
    ...(['branches', 'tags', 'exclude'] as const).flatMap((key) => [
      ...listed(mirror?.[key] ?? [], [...keys, 'mirror', key]),
      ...listed(poll?.[key] ?? [], [...keys, 'poll', key]),
    ]),
    ...listed(mirror?.changes?.guard ?? [], [...keys, 'mirror', 'changes', 'guard']),
    ...listed(guard, [...keys, 'guard']),
    ...listed(poll?.guard ?? [], [...keys, 'poll', 'guard']),
    ...run.flatMap(({ branches }, at) => listed(branches, [...keys, 'run', at, 'branches'])),
  ];
}

function listed(globs: readonly string[], keys: KeyPath): readonly PlacedGlob[] {
  return globs.map((glob, at) => ({ keys: [...keys, at], glob }));
}

async function globFindings(globs: readonly PlacedGlob[]): Promise<readonly Finding[]> {
  if (globs.length === 0) return [];
  const { default: picomatch } = await import('picomatch');
  return globs.flatMap(({ keys, glob }) => {
    try {
      picomatch.makeRe(glob, { strictBrackets: true });
      return [];
    } catch {
      return [{ keys, message: 'is not a glob: a bracket is never closed or never opened, or it is too long' }];
    }
  });
}

function serveFindings({ serve }: Config): readonly Finding[] {
  if ((serve.tlsCert === undefined) === (serve.tlsKey === undefined)) return [];
  const missing = serve.tlsCert === undefined ? 'tlsCert' : 'tlsKey';
  return [{ keys: ['serve', missing], message: 'is missing: TLS needs both tlsCert and tlsKey' }];
}
