import { readFile } from 'node:fs/promises';
import { createRequire, findPackageJSON } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The file URL of a plugin entry: an absolute path, or a package (or a file of one) as seen from `baseDir`. Throws when there is none. */
export async function resolvePlugin(entry: string, baseDir: string): Promise<string> {
  if (isAbsolute(entry)) return pathToFileURL(entry).href;
  const parent = join(baseDir, 'sluice.yaml');
  try {
    return pathToFileURL(createRequire(parent).resolve(entry)).href;
  } catch (error) {
    // `require` does not see packages that export under "import" only, and Node offers no stable resolution for
    // another parent (https://nodejs.org/api/esm.html#importmetaresolvespecifier).
    const file = await importOnlyEntry(entry, parent);
    if (file === undefined) throw error;
    return pathToFileURL(file).href;
  }
}

async function importOnlyEntry(entry: string, parent: string): Promise<string | undefined> {
  const manifest = packageManifest(entry, parent);
  if (manifest === undefined) return undefined;
  const { exports } = JSON.parse(await readFile(manifest, 'utf8')) as { exports?: unknown };
  const target = importTarget(exports);
  return target === undefined ? undefined : join(dirname(manifest), target);
}

function packageManifest(entry: string, parent: string): string | undefined {
  try {
    return findPackageJSON(entry, pathToFileURL(parent));
  } catch {
    return undefined;
  }
}

/** The main entry's target for `import`; deeper conditions are followed, patterns are not. */
function importTarget(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports;
  if (typeof exports !== 'object' || exports === null) return undefined;
  const conditions = exports as Readonly<Record<string, unknown>>;
  return importTarget(conditions['.'] ?? conditions.node ?? conditions.import ?? conditions.default);
}
