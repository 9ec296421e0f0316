import * as z from 'zod/mini';
import { count, duration, flag, glob, key, text, update } from './values.ts';

/** Defaults of `sluice mirror`, named like its flags. */
export function mirrorDefaults() {
  return z.strictObject({
    cacheDir: key(text, 'Directory of the kept caches'),
    cache: key(z.enum(['auto', 'always', 'never']), 'Whether a bare cache is kept; default auto'),
    batch: key(count(1), 'Refs per push; default 500'),
    timeout: key(duration, 'Time limit of the whole run'),
    update: key(update, 'ff: only forward; force: also rewrite; default by kind of ref'),
    as: key(text, 'Destination branch; default pr/{number} for change requests, {name} for the rest'),
    exclude: key(z.array(glob), 'Branches and tags to leave out'),
    prune: key(flag, 'Delete destination refs of the mapping whose source is gone'),
    atomic: key(flag, 'All refs or none'),
    create: key(flag, 'Create the destination through its API'),
    verify: key(flag, 'Read the destination again after a push; default true'),
    includeInternal: key(flag, 'With --prs: also change requests whose head is in the same repository'),
  });
}
