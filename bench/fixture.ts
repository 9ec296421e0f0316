import { type BulkHistoryOptions, bulkHistory, git, makeBareRepo, resolve } from '../test/support/git-repo.ts';
import { fixedDate, fixedIdentity } from '../test/support/run-git.ts';

const changes = 1000;

/** Sizes of the files of each part of the history, in bytes; pseudo-random hex, so half of it travels. */
const parts: readonly Omit<BulkHistoryOptions, 'branch'>[] = [
  { commits: 1200, filesPerCommit: 8, bytesPerFile: 400 },
  { commits: 1200, filesPerCommit: 8, bytesPerFile: 2500 },
  { commits: 900, filesPerCommit: 8, bytesPerFile: 6000 },
];

/**
 * A repository of about 65,000 objects as a forge keeps it (one pack with a bitmap, packed refs): a main branch of 3,300 commits and
 * 1,000 change requests, each 1 to 5 commits ahead of a commit that main has left behind by up to 1,000 commits.
 */
export async function makeRepository(dir: string): Promise<void> {
  await makeBareRepo(dir);
  let parent: string | undefined;
  for (const part of parts) {
    parent = await bulkHistory(dir, { ...part, branch: 'main', ...(parent === undefined ? {} : { parent }) });
  }
  const bases = await Promise.all(Array.from({ length: 50 }, (_, at) => resolve(dir, `main~${at * 20 + 10}`)));
  await git(['--git-dir', dir, 'fast-import', '--quiet', '--date-format=raw'], { input: changeStream(bases) });
  await git(['--git-dir', dir, '-c', 'pack.threads=2', 'repack', '-adfq', '--write-bitmap-index']);
  await git(['--git-dir', dir, 'pack-refs', '--all']);
}

/** One stream for all: a thousand processes would take longer than the bench. */
function* changeStream(bases: readonly string[]): Generator<string> {
  const person = `${fixedIdentity.name} <${fixedIdentity.email}> ${fixedDate} +0000`;
  for (let number = 1; number <= changes; number += 1) {
    for (let n = 0; n <= number % 5; n += 1) {
      const message = `change ${number}, commit ${n}\n`;
      const content = `${message.repeat(20 + (number % 40))}`;
      yield `commit refs/pull/${number}/head\nauthor ${person}\ncommitter ${person}\ndata ${message.length}\n${message}`;
      if (n === 0) yield `from ${bases[number % bases.length]}\n`;
      yield `M 100644 inline d${number % 64}/change-${number}-${n}.txt\ndata ${content.length}\n${content}\n`;
    }
  }
}
