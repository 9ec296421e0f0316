import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { parseAst } from 'rolldown/parseAst';

/** One import, export-from, `import()` or `import('…').T` of a file. */
export interface Import {
  /** A file of the project by its path from the root, or the specifier of a package or builtin as written. */
  readonly to: string;
  readonly line: number;
  /** `type`: erased before the program runs. `lazy`: loaded when the expression runs. */
  readonly kind: 'static' | 'lazy' | 'type';
}

/** Path from the root (with `/`) → its imports. */
export type ImportGraph = ReadonlyMap<string, readonly Import[]>;

/** Parses every .ts file below the folders; paths in the answer are relative to `root`. */
export async function readImportGraph(root: string, folders: readonly string[]): Promise<ImportGraph> {
  const graph = new Map<string, readonly Import[]>();
  for (const folder of folders) {
    const names = await readdir(join(root, folder), { recursive: true }).catch(() => []);
    for (const name of names.filter((name) => name.endsWith('.ts')).sort()) {
      const file = join(folder, name);
      graph.set(file, importsOf(file, await readFile(join(root, file), 'utf8')));
    }
  }
  return graph;
}

/** The imports of one file's text. An `import()` of an expression has no name to check and is left out. */
export function importsOf(file: string, text: string): readonly Import[] {
  const imports: Import[] = [];
  for (const node of nodesOf(parseAst(text, { lang: 'ts', sourceType: 'module' }, file))) {
    const kind = kindOf(node);
    const specifier = kind === undefined ? undefined : node.source;
    if (kind === undefined || !isNode(specifier) || typeof specifier.value !== 'string') continue;
    imports.push({
      to: target(file, specifier.value),
      line: text.slice(0, Number(node.start)).split('\n').length,
      kind,
    });
  }
  return imports;
}

type Node = Readonly<Record<string, unknown>>;

function kindOf(node: Node): Import['kind'] | undefined {
  if (node.type === 'ImportExpression') return 'lazy';
  if (node.type === 'TSImportType') return 'type';
  if (node.type === 'ImportDeclaration') return node.importKind === 'type' ? 'type' : 'static';
  if (node.type !== 'ExportNamedDeclaration' && node.type !== 'ExportAllDeclaration') return undefined;
  return node.exportKind === 'type' ? 'type' : 'static';
}

function target(file: string, specifier: string): string {
  return specifier.startsWith('.') ? join(dirname(file), specifier) : specifier;
}

function* nodesOf(value: unknown): Generator<Node> {
  if (Array.isArray(value)) for (const item of value) yield* nodesOf(item);
  if (!isNode(value)) return;
  yield value;
  for (const inner of Object.values(value)) yield* nodesOf(inner);
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
