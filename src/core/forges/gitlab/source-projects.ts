import type { ApiClient } from '../../http/client.ts';
import { found } from '../answered.ts';
import type { CallOptions } from '../forge.ts';
import { isInternal } from './convert.ts';
import { type MergeRequest, projectSchema } from './wire.ts';

const parallel = 6;

/**
 * Paths of the projects that merge requests of forks come from, by id; one that the credential may not see is missing.
 * A merge request names its source by number only, so each distinct fork costs one request, a few at a time.
 */
export async function findSourcePaths(
  client: ApiClient,
  requests: readonly MergeRequest[],
  options: CallOptions = {},
): Promise<ReadonlyMap<number, string>> {
  const ids = new Set<number>();
  for (const request of requests) {
    if (typeof request.source_project_id === 'number' && !isInternal(request)) ids.add(request.source_project_id);
  }
  const paths = new Map<number, string>();
  const rest = ids.values();
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(options.signal === undefined ? [] : [options.signal])]);
  async function work(): Promise<void> {
    for (const id of rest) {
      const path = await findPath(client, id, { signal });
      if (path !== undefined) paths.set(id, path);
    }
  }
  try {
    await Promise.all(Array.from({ length: Math.min(parallel, ids.size) }, work));
  } finally {
    // One failure fails the listing: the other workers end with it.
    stop.abort();
  }
  return paths;
}

async function findPath(client: ApiClient, id: number, options: CallOptions): Promise<string | undefined> {
  const purpose = `find the fork with the id ${id}`;
  const answer = await client.send({
    path: `/projects/${id}`,
    decode: (value) => projectSchema.parse(value).path_with_namespace,
    accept: [404],
    purpose,
    ...options,
  });
  return found(answer, purpose);
}
