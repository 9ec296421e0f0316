import type { Import, ImportGraph } from './import-graph.ts';

/** A rule that one import breaks, as a sentence without the place. */
type ImportRule = (from: string, imported: Import) => string | undefined;

type Layer = 'ground' | 'adapter' | 'feature' | 'app' | 'command' | 'edge' | 'surface';

const adapters = ['forges', 'git', 'http', 'config', 'ui', 'plugins', 'jobs'];
const features = ['mirror', 'poll', 'gate', 'serve', 'pipeline', 'trust'];

/** Who may import whom: each layer only itself and those before it. */
const below: Readonly<Record<Layer, readonly Layer[]>> = {
  ground: ['ground'],
  adapter: ['ground', 'adapter'],
  feature: ['ground', 'adapter', 'feature'],
  app: ['ground', 'adapter', 'feature', 'app'],
  command: ['ground', 'adapter', 'feature', 'app', 'command'],
  edge: ['ground', 'adapter', 'feature', 'app', 'command', 'edge'],
  surface: ['ground', 'adapter'],
};

/** The layer of a file of src/; undefined for a place that is in no layer, which is a finding of its own. */
export function layerOf(file: string): Layer | undefined {
  if (file === 'src/cli.ts' || file.startsWith('src/cli/')) return 'edge';
  if (file.startsWith('src/commands/')) return 'command';
  if (file === 'src/index.ts') return 'surface';
  if (file.startsWith('src/core/app/')) return 'app';
  const [room = '', inside] = file.replace('src/core/', '').split('/');
  if (inside === undefined) return room === 'lock.ts' ? 'adapter' : 'ground';
  if (room === 'model') return 'ground';
  if (adapters.includes(room)) return 'adapter';
  return features.includes(room) ? 'feature' : undefined;
}

/** Packages that one room owns, so that the rest does not depend on their shapes. */
const owners: Readonly<Record<string, string>> = {
  commander: 'src/cli/',
  'simple-git': 'src/core/git/',
  undici: 'src/core/http/',
  cosmiconfig: 'src/core/config/',
  ora: 'src/core/ui/',
  pino: 'src/core/ui/',
  fastify: 'src/core/serve/',
  'prom-client': 'src/core/serve/',
  'smee-client': 'src/core/serve/tunnel/',
};

/** Loaded where they are used: each costs a start tens of milliseconds (docs/decisions.md, "Start-up"). */
const heavy = [
  'simple-git',
  'undici',
  'cosmiconfig',
  'ora',
  'pino',
  'execa',
  'fastify',
  'prom-client',
  'smee-client',
  'node:http',
  'node:https',
];

/** What commands share; they get the list of commands itself as an argument. */
const sharedByCommands = [
  'src/commands/built-in.ts',
  'src/commands/global-options.ts',
  'src/commands/operator-words.ts',
];

/** Pure modules of adapters whose functions a feature may call; everything else of an adapter comes in as an argument. */
const pureAdapterModules = ['src/core/git/endpoint.ts', 'src/core/git/transfer/transfer.ts', 'src/core/jobs/states.ts'];

const importRules: readonly ImportRule[] = [
  staysInside,
  followsLayers,
  featureStandsAlone,
  featureTakesArguments,
  commandStandsAlone,
  packageHasOwner,
  heavyIsLazy,
];

/** Every broken rule as `file:line: sentence`, cycles and unused files included. Only files of src/ are judged. */
export function findBrokenRules(graph: ImportGraph, entries: readonly string[]): readonly string[] {
  const broken: string[] = [];
  for (const [file, imports] of graph) {
    if (!file.startsWith('src/')) continue;
    if (layerOf(file) === undefined)
      broken.push(`${file}:1: is in no room that has a layer (scripts/structure/import-rules.ts)`);
    for (const imported of imports) {
      const sentences = importRules.flatMap((rule) => rule(file, imported) ?? []);
      broken.push(...sentences.map((sentence) => `${file}:${imported.line}: ${sentence}`));
    }
  }
  return [...broken, ...findCycles(graph), ...findUnused(graph, entries)];
}

function staysInside(_from: string, { to }: Import): string | undefined {
  return /^(\.\.|test|bench|scripts|examples)\//.test(to) ? `src/ imports ${to}, which is not published` : undefined;
}

function followsLayers(from: string, { to }: Import): string | undefined {
  const layer = layerOf(from);
  const other = to.startsWith('src/') ? layerOf(to) : undefined;
  if (layer === undefined || other === undefined || below[layer].includes(other)) return undefined;
  return `${layer} imports ${other} (${to}); ${layer} may import only ${below[layer].join(', ')}`;
}

function featureStandsAlone(from: string, { to }: Import): string | undefined {
  const both = layerOf(from) === 'feature' && to.startsWith('src/') && layerOf(to) === 'feature';
  return both && roomOf(from) !== roomOf(to)
    ? `the feature ${roomOf(from)} imports the feature ${roomOf(to)}`
    : undefined;
}

function featureTakesArguments(from: string, { to, kind }: Import): string | undefined {
  if (kind === 'type' || layerOf(from) !== 'feature' || !to.startsWith('src/') || layerOf(to) !== 'adapter')
    return undefined;
  if (pureAdapterModules.includes(to)) return undefined;
  return `a feature gets what it needs as an argument, and imports only types of adapters (${to})`;
}

function commandStandsAlone(from: string, { to, kind }: Import): string | undefined {
  if (!from.startsWith('src/commands/') || !to.startsWith('src/commands/')) return undefined;
  if (sharedByCommands.includes(to)) return undefined;
  if (sharedByCommands.includes(to)) return undefined;
  if (from === 'src/commands/index.ts') return kind === 'lazy' ? undefined : `commands are loaded lazily (${to})`;
  // `mirror-text.ts` is a part of `mirror.ts`: the first word is the command.
  return commandOf(to) === commandOf(from)
    ? undefined
    : `the command ${commandOf(from)} imports another one, or the list of all (${to})`;
}

function commandOf(file: string): string {
  return file.replace('src/commands/', '').replace(/(-.*)?\.ts$/, '');
}

function packageHasOwner(from: string, { to }: Import): string | undefined {
  const name = packageOf(to);
  const owner = owners[name];
  if (owner === undefined || from.startsWith(owner) || from === `${owner.slice(0, -1)}.ts`) return undefined;
  return `only ${owner} imports ${name}`;
}

function heavyIsLazy(_from: string, { to, kind }: Import): string | undefined {
  if (kind !== 'static' || !heavy.includes(packageOf(to))) return undefined;
  return `${packageOf(to)} is imported where it is used: await import('${to}'), or process.getBuiltinModule`;
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('src/') || specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function roomOf(file: string): string {
  return file.split('/')[2] ?? '';
}

/**
 * Cycles, as the way round them. Types count too, because a reader has to follow them; `import()` does not, because that is how a
 * list loads its entries when they are used.
 */
function findCycles(graph: ImportGraph): readonly string[] {
  const done = new Set<string>();
  const path: string[] = [];
  const cycles: string[] = [];
  function visit(file: string): void {
    const at = path.indexOf(file);
    if (at >= 0) cycles.push(`${file}:1: imports itself in a cycle: ${[...path.slice(at), file].join(' → ')}`);
    if (at >= 0 || done.has(file)) return;
    path.push(file);
    for (const { to, kind } of graph.get(file) ?? []) if (kind !== 'lazy') visit(to);
    path.pop();
    done.add(file);
  }
  for (const file of graph.keys()) visit(file);
  return cycles;
}

/** Files of src/ that no entry reaches: a test alone does not keep code alive. */
function findUnused(graph: ImportGraph, entries: readonly string[]): readonly string[] {
  const reached = new Set(entries);
  // A Set's iteration also visits what is added on the way.
  for (const file of reached) for (const { to } of graph.get(file) ?? []) reached.add(to);
  const unused = [...graph.keys()].filter((file) => file.startsWith('src/') && !reached.has(file));
  return unused.map((file) => `${file}:1: nothing but tests uses it (entries: ${entries.join(', ')})`);
}
