import type { Check, CheckState } from '../model/check.ts';

/** A check as a forge lists it, with what tells a rerun from one that stands beside it. */
export interface ListedCheck {
  readonly check: Check;
  /** Grows with time. */
  readonly order: number;
  /** What a rerun shares with the run that it replaces (GitHub's check suite, a status's context). */
  readonly group: string;
  /** Ended before it could say anything (cancelled, superseded). */
  readonly withdrawn: boolean;
}

const severity: Readonly<Record<CheckState, number>> = { failure: 4, pending: 3, skipped: 2, neutral: 1, success: 0 };

/**
 * One check for each name and app. Within a group the latest counts. Groups with one name and app stand side by side (two workflows
 * with a job `build`), and then the worst counts: otherwise whoever may add a workflow to a change could paint over a failing check
 * (https://github.com/angular/dev-infra/pull/3987). A withdrawn one gives way to any newer one.
 */
export function oneCheckEach(listed: readonly ListedCheck[]): readonly Check[] {
  const byGroup = new Map<string, ListedCheck>();
  for (const one of listed) {
    const key = JSON.stringify([identity(one.check), one.group]);
    const other = byGroup.get(key);
    if (other === undefined || other.order <= one.order) byGroup.set(key, one);
  }
  const sides = Map.groupBy(byGroup.values(), ({ check }) => identity(check));
  return [...sides.values()].map(worst);
}

function identity({ name, app }: Check): string {
  return JSON.stringify([name, app]);
}

function worst(sides: readonly ListedCheck[]): Check {
  const newest = Math.max(...sides.map(({ order }) => order));
  const standing = sides.filter(({ withdrawn, order }) => !withdrawn || order === newest);
  return standing
    .map(({ check }) => check)
    .reduce((bad, one) => (severity[one.state] > severity[bad.state] ? one : bad));
}
