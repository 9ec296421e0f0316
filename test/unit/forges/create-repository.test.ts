import { expect, test } from 'vitest';
import { SluiceError } from '../../../src/core/errors.ts';
import { createUnlessThere } from '../../../src/core/forges/create-repository.ts';

const repository = { path: 'acme/app', private: true, defaultBranch: undefined };

/** Answers of `find`, one per call. */
function finding(...answers: readonly (typeof repository | undefined)[]): () => Promise<typeof repository | undefined> {
  const left = [...answers];
  return async () => left.shift();
}

async function refused(error: Error): Promise<never> {
  throw error;
}

test('creates what is missing', async () => {
  const done = await createUnlessThere(finding(undefined), async () => repository);
  expect(done).toEqual({ repository, created: true });
});

test('writes nothing when it is there', async () => {
  const done = await createUnlessThere(finding(repository), () => refused(new Error('must not be called')));
  expect(done).toEqual({ repository, created: false });
});

test('a refusal is success when somebody else has created it meanwhile', async () => {
  const taken = new SluiceError('usage', 'name has already been taken');
  expect(await createUnlessThere(finding(undefined, repository), () => refused(taken))).toEqual({
    repository,
    created: false,
  });
});

test('any other refusal keeps the words of the forge', async () => {
  const denied = new SluiceError('denied', 'may not create');
  await expect(createUnlessThere(finding(undefined, undefined), () => refused(denied))).rejects.toBe(denied);
});

test('a fault that may pass is not taken for an answer', async () => {
  const down = new SluiceError('unavailable', 'down');
  await expect(createUnlessThere(finding(undefined, repository), () => refused(down))).rejects.toBe(down);
});
