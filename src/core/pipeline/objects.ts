import { constants, type Dirent } from 'node:fs';
import { copyFile, link, mkdir, readdir } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** `pack/pack-….pack` with its indexes, and loose objects `ab/cdef…`; not what a running or killed git left half written. */
const wanted = /^(?:pack\/pack-[0-9a-f]+\.(?:pack|idx|rev|promisor)|[0-9a-f]{2}\/[0-9a-f]{38,62})$/;

/**
 * Links every object of a repository into `target`, for a checkout to borrow (`objects/info/alternates`). A run may last hours, and
 * meanwhile the cache is repacked, pruned or deleted; the links keep what the run needs. They lie beside the checkout, not in it:
 * a `chmod -R` there would reach the cache through the shared inodes. Call it while nobody writes to the repository. On another
 * disk the files are copied.
 */
export async function snapshotObjects(repository: string, target: string): Promise<void> {
  const source = join(repository, 'objects');
  const entries = await readdir(source, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => pathOf(entry, source));
  const made = new Set<string>();
  for (const file of files.filter((path) => wanted.test(path))) {
    const folder = join(target, dirname(file));
    if (!made.has(folder)) await mkdir(folder, { recursive: true });
    made.add(folder);
    await linkOrCopy(join(source, file), join(target, file));
  }
}

function pathOf(entry: Dirent, root: string): string {
  return relative(root, join(entry.parentPath, entry.name));
}

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch {
    // Another disk (EXDEV), a file system without links, or too many of them (EMLINK).
    await copyFile(from, to, constants.COPYFILE_FICLONE);
  }
}
