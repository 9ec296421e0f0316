import type { Ora } from 'ora';
import { redact } from '../secret.ts';
import { printable } from './table.ts';

export interface Progress {
  /** Replaces the text of the spinner. */
  show(text: string): void;
  /** Wipes it so that another line can be written; it comes back by itself. */
  pause(): void;
  /** Removes it for good. */
  stop(): void;
}

// Most runs are over before this; they never load the spinner (40 ms).
const appearsAfterMs = 250;

/** A spinner on stderr for a person at a terminal; does nothing elsewhere (pipes, cron, CI, --quiet, --json to a terminal). */
export function openProgress(stream: NodeJS.WriteStream, enabled: boolean): Progress {
  // A terminal without a width (some containers) would make the spinner wipe lines without end.
  if (!enabled || !stream.isTTY || !stream.columns) return { show: () => {}, pause: () => {}, stop: () => {} };
  let text = '';
  let spinner: Ora | undefined;
  let closed = false;
  const timer = setTimeout(async () => {
    const { default: ora } = await import('ora');
    if (closed) return;
    spinner = ora({ text, stream, discardStdin: false }).start();
  }, appearsAfterMs);
  timer.unref();
  return {
    show(next) {
      text = fit(printable(redact(next)), stream.columns);
      if (spinner !== undefined) spinner.text = text;
    },
    pause: () => void spinner?.clear(),
    stop() {
      closed = true;
      clearTimeout(timer);
      spinner?.stop();
    },
  };
}

function fit(text: string, columns: number | undefined): string {
  const room = Math.max(20, (columns ?? 80) - 4);
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
