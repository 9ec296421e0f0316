import { SluiceError } from '../errors.ts';
import type { Repository } from './forge.ts';

/**
 * Creates what is not there yet. Asking first keeps a repeated run free of writes; asking again after a refusal covers a
 * second creator and tokens that may push but not create, without reading each forge's sentence for "already exists".
 */
export async function createUnlessThere(
  find: () => Promise<Repository | undefined>,
  create: () => Promise<Repository>,
): Promise<{ readonly repository: Repository; readonly created: boolean }> {
  const before = await find();
  if (before !== undefined) return { repository: before, created: false };
  try {
    return { repository: await create(), created: true };
  } catch (error) {
    if (!(error instanceof SluiceError) || error.retryable) throw error;
    const meanwhile = await find();
    if (meanwhile === undefined) throw error;
    return { repository: meanwhile, created: false };
  }
}
