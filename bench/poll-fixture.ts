import { execFile } from 'node:child_process';
import { appendFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { commit, git, makeBareRepo } from '../test/support/git-repo.ts';

/** Repositories by the names that the server knows them by. */
export const fixtures = ['small', 'branches', 'elsewhere'] as const;
export type FixtureName = (typeof fixtures)[number];

const branches = 12;
export const manyRefs = 50_000;

/** Each has twelve branches of one commit; `branches` has 50,000 more, `elsewhere` as many refs outside of refs/heads and refs/tags. */
export async function makeRepositories(root: string): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const name of fixtures) {
    const repository = await makeBareRepo(join(root, `${name}.git`));
    const oid = await commit(repository, {
      ref: 'refs/heads/main',
      message: 'first',
      files: { 'a.txt': 'a' },
    });
    const usual = Array.from({ length: branches - 1 }, (_, at) => `refs/heads/feature/topic-${at + 1}`);
    // As a forge keeps them. git takes the file as it is when no header says that it is sorted.
    const packed = [...usual, ...moreRefs(name)].map((ref) => `${oid} ${ref}\n`);
    await appendFile(join(repository, 'packed-refs'), packed.join(''));
    await git(['--git-dir', repository, 'pack-refs', '--all']);
  }
}

function moreRefs(name: FixtureName): readonly string[] {
  if (name === 'small') return [];
  const start = name === 'branches' ? 'refs/heads/user' : 'refs/changes';
  return Array.from({ length: manyRefs }, (_, at) => `${start}/${at % 100}/change-${at}/head`);
}

/** A certificate for 127.0.0.1 that lives as long as the bench; undefined where there is no openssl. */
export async function makeCertificate(dir: string): Promise<{ cert: string; key: string } | undefined> {
  const [cert, key] = [join(dir, 'cert.pem'), join(dir, 'key.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', key];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2'];
  try {
    await promisify(execFile)('openssl', ['req', '-x509', ...curve, '-out', cert, ...subject]);
    return { cert, key };
  } catch {
    return undefined;
  }
}
