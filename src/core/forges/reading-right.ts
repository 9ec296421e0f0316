import { namingTheRight } from './status-failure.ts';

type Ask = (...questions: unknown[]) => Promise<unknown>;

/** Makes roles whose refusals also say what a credential needs that may ask them, where the forge itself does not say it. */
export function needingToRead(right: string): <R extends object>(role: R) => R {
  const named = (ask: Ask): Ask => {
    return (...questions) => namingTheRight(right, () => ask(...questions), 'Reading it needs');
  };
  return <R extends object>(role: R) =>
    Object.fromEntries(Object.entries(role).map(([name, ask]) => [name, named(ask as Ask)])) as R;
}
