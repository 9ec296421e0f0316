import { SluiceError } from '../errors.ts';

/** What a user may write, for JSON Schema and messages: `90`, `1.5`, `500ms`, `90s`, `15m`, `1h30m`, `7d`. */
export const durationPattern =
  /^(?:\d+(?:\.\d+)?|(?=\d)(?:\d+d)?(?:\d+h)?(?:\d+m(?!s))?(?:\d+s)?(?:\d+ms)?|\d+\.\d+[dhms])$/;

export const durationForm = 'a duration such as 90s, 15m, 2h or 1h30m (a bare number is seconds)';

const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

// setTimeout counts in 32 bits: anything longer would fire after one millisecond.
export const longestDurationMs = 24 * 86_400_000;

/** The duration in milliseconds, or undefined when it is not one (or longer than 24 days, which no timer can hold). */
export function durationMs(value: string | number): number | undefined {
  const ms = typeof value === 'number' ? value * 1000 : textMs(value.trim());
  if (ms === undefined || !Number.isFinite(ms) || ms < 0 || ms > longestDurationMs) return undefined;
  return Math.round(ms);
}

/** The duration in milliseconds; anything else is SluiceError('usage'). Fit for a flag's `parse`. */
export function parseDuration(value: string | number): number {
  const ms = durationMs(value);
  if (ms !== undefined) return ms;
  throw new SluiceError('usage', `"${value}" is not ${durationForm}, at most 24d`);
}

/** The shortest form that `parseDuration` reads back: 5400000 → `1h30m`, 0 → `0s`. */
export function formatDuration(ms: number): string {
  let rest = Math.max(0, Math.round(ms));
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms']) {
    const size = unitMs[unit] ?? 1;
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === '' ? '0s' : text;
}

function textMs(text: string): number | undefined {
  if (!durationPattern.test(text)) return undefined;
  if (/^[\d.]+$/.test(text)) return Number(text) * 1000;
  let total = 0;
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|[dhms])/g))
    total += Number(count) * (unitMs[unit ?? ''] ?? 0);
  return total;
}
