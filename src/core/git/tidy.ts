import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BareRepository } from './bare.ts';
import { plumb } from './plumbing.ts';
import type { GitContext } from './remote.ts';

/** Every fetch leaves one, and git looks into each of them. */
const mostPacks = 40;

/** The newest so many refs are kept; what only older ones needed is fetched again when somebody asks for it. */
const keptRefs = 1000;

/** Refs of ours that nothing else removes, all of them with hashes for names. */
const ownRefs = ['refs/sluice/run/', 'refs/sluice/from/', 'refs/sluice/new/'];

/** Holds the size of the packs when everything was last written into one. */
const sizeMark = 'sluice-size';

/**
 * Keeps a kept repository at few packs, and at no more of the past than is of use; for whoever holds its lock. When the packs have grown
 * to twice of what they were, the oldest of our refs go, and with them (and with what a branch was before it was moved by force) the
 * objects that only they needed. A checkout notices nothing: it has links of its own to what it borrows (pipeline/objects.ts).
 */
export async function tidy(context: GitContext, repository: BareRepository): Promise<void> {
  const sizes = await packSizes(repository);
  if (sizes.length <= mostPacks) return;
  const mark = join(repository.dir, sizeMark);
  const before = Number(await readFile(mark, 'utf8').catch(() => '0'));
  if (sum(sizes) <= 2 * before) {
    await repository.git('repack', '-d', '--geometric=2', '--quiet');
    return;
  }
  await forgetOldRefs(context, repository);
  await repository.git('repack', '-a', '-d', '--quiet');
  await writeFile(mark, String(sum(await packSizes(repository))));
}

/** By the dates of their commits: who lies about those makes sluice fetch something again, and nothing else. */
async function forgetOldRefs(context: GitContext, repository: BareRepository): Promise<void> {
  const listed = await repository.git('for-each-ref', '--sort=-creatordate', '--format=%(refname)', ...ownRefs);
  const old = listed.trim().split('\n').slice(keptRefs);
  if (old.length === 0) return;
  const stdin = old.map((name) => `delete ${name}\n`).join('');
  await plumb(context, repository, { args: ['update-ref', '--stdin'], stdin, purpose: 'forget old refs of the cache' });
}

async function packSizes({ dir }: BareRepository): Promise<readonly number[]> {
  const packs = join(dir, 'objects', 'pack');
  const names = await readdir(packs).catch(() => []);
  const files = names.filter((name) => name.endsWith('.pack')).map((name) => stat(join(packs, name)));
  return (await Promise.all(files)).map(({ size }) => size);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
