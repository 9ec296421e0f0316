import { answered } from '../answered.ts';
import { fitStatus } from '../fit-status.ts';
import type { StatusesRole } from '../forge.ts';
import { namingTheRight, statusPurpose, statusRefusal, unknownCommit } from '../status-failure.ts';
import type { ClientFor } from './api.ts';
import { convertStatus } from './convert.ts';
import { repositoryPath } from './urls.ts';
import { statusSchema } from './wire.ts';

// 422 "description is too long (maximum is 140 characters)" and "description doesn't accept 4-byte Unicode". The limit of a
// context is not documented.
const limits = { description: 140, context: 255, noAstral: true } as const;

const right =
  'the scope repo:status (classic token), or the permission "Commit statuses: write" (fine-grained token, GitHub App), and push access';

/** Commit statuses (https://docs.github.com/en/rest/commits/statuses). GitHub takes contexts that differ only in case for one. */
export function statusesRole(clientFor: ClientFor): StatusesRole {
  return {
    descriptionLimit: limits.description,
    async set(repo, status, options = {}) {
      const fit = fitStatus(status, limits);
      const purpose = statusPurpose(repo, fit);
      const answer = await namingTheRight(right, () =>
        clientFor(repo).send({
          method: 'POST',
          idempotent: true,
          path: `${repositoryPath(repo)}/statuses/${fit.sha}`,
          body: convertStatus(fit),
          decode: (value) => statusSchema.parse(value),
          accept: [422],
          purpose,
          ...options,
        }),
      );
      if (answer.status !== 422) answered(answer, purpose);
      else if (/no commit found/i.test(answer.refusal ?? '')) throw unknownCommit(purpose);
      else throw statusRefusal('usage', purpose, answer);
    },
  };
}
