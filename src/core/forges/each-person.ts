import type { CommitPerson } from './review-roles.ts';

/** Each person once: the author of a commit is most often its committer too. */
export function eachPersonOnce(people: readonly CommitPerson[]): readonly CommitPerson[] {
  const key = ({ account, name, email }: CommitPerson) => JSON.stringify([account?.login.toLowerCase(), name, email]);
  return [...new Map(people.map((person) => [key(person), person])).values()];
}
