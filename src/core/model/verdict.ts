/**
 * `rejected`: a definite no. `pending`: something that can still come is missing. `undetermined`: it could not be learned; never a yes.
 */
export type VerdictStatus = 'approved' | 'rejected' | 'pending' | 'undetermined';

/** What the gate says, as a tree: a node follows from its children, a leaf from facts. */
export interface Verdict {
  /** Which rule speaks: `approvals`, `check`, `head`, or the name of a plugin's rule. */
  readonly rule: string;
  /** What a node with children is about, where the rule does not tell: `int:security/app #7`. */
  readonly subject?: string;
  readonly status: VerdictStatus;
  /** For people: what was found, and where it is no yes also what to do next. */
  readonly sentence: string;
  /** Page where a person sees it, or can change it. */
  readonly url: string | null;
  /** The sentence deserves a look although the rule passed. */
  readonly warning?: boolean;
  readonly children: readonly Verdict[];
}
