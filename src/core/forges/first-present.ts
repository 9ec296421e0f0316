/** The first that is there, of things that are asked for at once. What one of them throws is thrown, whichever it is. */
export async function firstPresent<T>(asked: readonly Promise<T | undefined>[]): Promise<T | undefined> {
  return (await Promise.all(asked)).find((one) => one !== undefined);
}
