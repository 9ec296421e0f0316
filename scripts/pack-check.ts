// Packs as `npm publish` would and says what is inside: `node scripts/pack-check.ts`. Exits with 1 when it is not what it should be.
// That the package works when it is installed is the job of test/e2e/package.test.ts.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { contentProblems, packInto } from './pack/tarball.ts';

const dir = await mkdtemp(join(tmpdir(), 'sluice-pack-'));
try {
  const { files, bytes, unpackedBytes } = await packInto(dir);
  const sizes = new Map<string, { count: number; bytes: number }>();
  for (const { path, size } of files) {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/') + 1) : path;
    const sum = sizes.get(folder) ?? { count: 0, bytes: 0 };
    sizes.set(folder, { count: sum.count + 1, bytes: sum.bytes + size });
  }
  for (const [folder, sum] of sizes) {
    console.log(`${String(sum.bytes).padStart(9)} bytes ${String(sum.count).padStart(4)} files  ${folder}`);
  }
  console.log(`${files.length} files, ${kilobytes(bytes)} packed, ${kilobytes(unpackedBytes)} unpacked`);
  const problems = contentProblems(files);
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
} finally {
  await rm(dir, { recursive: true, force: true });
}

function kilobytes(bytes: number): string {
  return `${Math.round(bytes / 1000)} kB`;
}
