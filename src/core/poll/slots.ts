/** Lets so many steps run at one time; the others wait in the order in which they came. */
export type Slots = <T>(step: () => Promise<T>) => Promise<T>;

export function slots(limit: number): Slots {
  const waiting: (() => void)[] = [];
  let taken = 0;
  return async (step) => {
    if (taken < limit) taken += 1;
    // Whoever leaves hands its slot over, so that nobody can slip in between.
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await step();
    } finally {
      const next = waiting.shift();
      if (next === undefined) taken -= 1;
      else next();
    }
  };
}
