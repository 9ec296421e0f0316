import type { FakeReview } from './conversation.ts';

/** What a forge shows that knows only what each person says now: nothing of who has taken it back or only commented. */
export function latestVerdicts(reviews: readonly FakeReview[]): readonly FakeReview[] {
  const deciding = reviews.filter(({ verdict }) => verdict !== 'commented');
  const latest = new Map<string, FakeReview>();
  for (const review of deciding) {
    latest.delete(review.by);
    latest.set(review.by, review);
  }
  return [...latest.values()].filter(({ dismissed }) => !dismissed);
}
