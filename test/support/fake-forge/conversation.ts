/** What people said and did to one change request; the fake forges render it in their own JSON. */
export interface FakeReview {
  readonly id: number;
  /** Login. */
  readonly by: string;
  readonly verdict: 'approved' | 'changes-requested' | 'commented';
  /** Taken back: by its author, by a maintainer, or by the forge because commits were pushed. */
  readonly dismissed: boolean;
  /** The head when it was given. */
  readonly commit: string;
  /** Milliseconds since the epoch, as all times here. */
  readonly at: number;
}

/** One line of a timeline. */
export type FakeDeed = { readonly id: number; readonly by: string; readonly at: number } & (
  | { readonly kind: 'labeled' | 'unlabeled'; readonly label: string }
  | { readonly kind: 'commented'; readonly text: string }
  | { readonly kind: 'pushed'; readonly before: string; readonly sha: string; readonly forced: boolean }
  | { readonly kind: 'opened' | 'closed' | 'reopened' | 'merged' }
);

export interface FakeLabel {
  readonly name: string;
  /** Who put it there last, and when. */
  readonly by: string;
  readonly at: number;
}

export interface Conversation {
  /** In the order in which they were given. */
  readonly reviews: readonly FakeReview[];
  readonly timeline: readonly FakeDeed[];
  /** Those that are on it now. */
  readonly labels: readonly FakeLabel[];
  /** `commit` left out: the head of now. */
  review(by: string, verdict: FakeReview['verdict'], commit?: string): FakeReview;
  /** One review, or the latest of a person. */
  dismiss(which: FakeReview | string): void;
  /** As a forge does that takes approvals back when commits are pushed. */
  dismissApprovals(): void;
  comment(by: string, text: string): FakeDeed;
  label(by: string, name: string): void;
  unlabel(by: string, name: string): void;
  /** For state.ts. */
  record(deed: NewDeed): FakeDeed;
}

type WithoutStamp<T> = T extends unknown ? Omit<T, 'id' | 'at'> : never;
export type NewDeed = WithoutStamp<FakeDeed>;

export interface ConversationContext {
  /** A new number, and the forge's clock, which moves on with every call. */
  stamp(): { readonly id: number; readonly at: number };
  /** The change's head of now. */
  head(): string;
}

export function createConversation({ stamp, head }: ConversationContext): Conversation {
  const reviews: FakeReview[] = [];
  const timeline: FakeDeed[] = [];

  function record(deed: NewDeed): FakeDeed {
    const made = { ...deed, ...stamp() } as FakeDeed;
    timeline.push(made);
    return made;
  }

  return {
    reviews,
    timeline,
    record,
    get labels() {
      const now = new Map<string, FakeLabel>();
      for (const deed of timeline) {
        if (deed.kind === 'labeled') now.set(deed.label, { name: deed.label, by: deed.by, at: deed.at });
        if (deed.kind === 'unlabeled') now.delete(deed.label);
      }
      return [...now.values()];
    },
    review(by, verdict, commit = head()) {
      const made: FakeReview = { ...stamp(), by, verdict, commit, dismissed: false };
      reviews.push(made);
      return made;
    },
    dismiss(which) {
      const at = reviews.findLastIndex((one) => (typeof which === 'string' ? one.by === which : one.id === which.id));
      const found = reviews[at];
      if (found === undefined) throw new Error('there is no such review');
      reviews[at] = { ...found, dismissed: true };
    },
    dismissApprovals() {
      for (const [at, review] of reviews.entries()) {
        if (review.verdict === 'approved') reviews[at] = { ...review, dismissed: true };
      }
    },
    comment: (by, text) => record({ kind: 'commented', by, text }),
    label: (by, label) => void record({ kind: 'labeled', by, label }),
    unlabel: (by, label) => void record({ kind: 'unlabeled', by, label }),
  };
}
