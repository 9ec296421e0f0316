import { createHash } from 'node:crypto';
import type { RefName } from '../../model/ref.ts';
import type { BareRepository } from '../bare.ts';
import { type CacheOptions, withHistory } from '../cache.ts';
import { fetchInto, shallowBoundary, shallowSource } from './fetch.ts';
import { pushUpdates } from './push.ts';
import type { Transfer, TransferJob, TransferOutcome } from './transfer.ts';

/**
 * Moves refs through a bare repository with their whole history: always correct, whatever the servers can or cannot do, at the
 * cost of disk and of the first download. `cache` undefined: the repository is thrown away afterwards.
 */
export function fullTransfer(cache: CacheOptions | undefined): Transfer {
  return {
    name: 'full',
    run: (job) => withHistory(job.context, job.from, job.format, cache, (repository) => moveThrough(job, repository)),
  };
}

async function moveThrough(job: TransferJob, repository: BareRepository): Promise<TransferOutcome> {
  const wanted = job.updates.filter((update) => update.new !== undefined);
  if (wanted.length > 0) {
    // Flat hashed names: `a` and `a/b` of two runs must not collide, and a moved ref replaces its older self.
    const refspecs = wanted.map((update) => `+${update.new}:refs/sluice/from/${hashed(update.target)}`);
    await fetchInto(job.context, repository, job.from, { refspecs });
    if ((await shallowBoundary(repository)).size > 0) throw shallowSource(job.from);
    if (!job.emptyDestination) await knowDestination(job, repository);
  }
  const pushed = await pushUpdates(job, repository.dir, { negotiate: false });
  return { ...pushed, left: [] };
}

/**
 * Fetches the destination's branches too. A push leaves out what it can reach from advertised refs *that it has*: without
 * the destination's newer tips it would upload the whole history again.
 */
async function knowDestination(job: TransferJob, repository: BareRepository): Promise<void> {
  await fetchInto(job.context, repository, job.to, {
    refspecs: ['+refs/heads/*:refs/sluice/to/*'],
    prune: true,
    leaveShallow: true,
  });
}

function hashed(name: RefName): string {
  return createHash('sha1').update(name).digest('hex');
}
