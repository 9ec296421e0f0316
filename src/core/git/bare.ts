import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SimpleGit } from 'simple-git';
import type { ObjectFormat } from '../model/ref.ts';
import { diskFailure } from './failure.ts';
import { type GitContext, localEnvironment } from './remote.ts';

/** A bare repository of our own on disk: never the user's clone, never a work tree. */
export interface BareRepository {
  readonly dir: string;
  /** Local plumbing through simple-git; the text of stdout. */
  git(...args: readonly string[]): Promise<string>;
}

export function bareRepository(context: GitContext, dir: string): BareRepository {
  let opened: Promise<SimpleGit> | undefined;
  return {
    dir,
    async git(...args) {
      context.signal?.throwIfAborted();
      opened ??= openSimpleGit(context, dir);
      try {
        return await (await opened).raw([...args]);
      } catch (error) {
        // simple-git's own words for an abort say neither who nor why.
        context.signal?.throwIfAborted();
        throw error;
      }
    },
  };
}

async function openSimpleGit(context: GitContext, dir: string): Promise<SimpleGit> {
  const { simpleGit } = await import('simple-git');
  const env = plumbingEnvironment(context);
  return simpleGit({
    baseDir: dir,
    ...(context.signal === undefined ? {} : { abort: context.signal }),
    // simple-git drops every GIT_* variable that is not named.
    allowEnvironment: Object.keys(env),
    unsafe: { allowUnsafeTemplateDir: true, allowUnsafeConfigPaths: true, allowUnsafeExec: true },
  }).env(env);
}

/**
 * simple-git refuses to run at all when the environment names an editor, a pager, an ssh or a configuration value, as nearly
 * everybody's does. Plumbing on a repository of ours needs none of them, only where git and its files are.
 */
function plumbingEnvironment(context: GitContext): Record<string, string> {
  const entries = Object.entries(localEnvironment(context));
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => {
      const [name, value] = entry;
      return value !== undefined && (kept.test(name) || !refused.test(name));
    }),
  );
}

const kept = /^GIT_(CONFIG_GLOBAL|CONFIG_SYSTEM|CONFIG_NOSYSTEM|EXEC_PATH)$/;
const refused = /^(GIT_.*|EDITOR|VISUAL|PAGER|SSH_ASKPASS)$/i;

/** `git init` without the template's sample hooks; gc never runs on its own in a repository of ours. */
export async function initBare(repository: BareRepository, format: ObjectFormat): Promise<void> {
  await repository.git('init', '--quiet', '--bare', '--template=', `--object-format=${format}`, repository.dir);
  await dropRemoteSettings(repository, format);
}

/**
 * Writes the configuration anew. A fetch with a filter marks the repository as a partial clone (`remote.*.promisor`), and
 * pack-objects would then lazily fetch, during the push, what the destination already has; `-c` cannot undo it.
 */
export async function dropRemoteSettings(repository: BareRepository, format: ObjectFormat): Promise<void> {
  const version = format === 'sha256' ? 1 : 0;
  const extensions = format === 'sha256' ? '[extensions]\n\tobjectFormat = sha256\n' : '';
  const core = `[core]\n\trepositoryFormatVersion = ${version}\n\tbare = true\n\tlogAllRefUpdates = false\n`;
  await writeFile(
    join(repository.dir, 'config'),
    `${core}${extensions}[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[fetch]\n\tunpackLimit = 1\n`,
  );
}

/** Runs `work` in a new empty bare repository that is removed afterwards, whatever happens. */
export async function withThrowAwayRepository<T>(
  context: GitContext,
  format: ObjectFormat,
  work: (repository: BareRepository) => Promise<T>,
): Promise<T> {
  const purpose = `work in ${context.tempRoot}`;
  const dir = await mkdtemp(join(context.tempRoot, 'sluice-')).catch((error: unknown) => {
    throw diskFailure(purpose, error);
  });
  try {
    const repository = bareRepository(context, dir);
    await initBare(repository, format);
    return await work(repository);
  } catch (error) {
    throw diskFailure(purpose, error);
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 });
  }
}
