import { styleText } from 'node:util';
import type { Log, LogFields } from '../plugins/command.ts';
import { redact } from '../secret.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'pretty' | 'json';
  /** stderr; its own colour support decides about colours (NO_COLOR, FORCE_COLOR). */
  readonly stream: NodeJS.WriteStream;
  /** Called before a line is written, so that a spinner can step aside. */
  readonly beforeLine?: () => void;
}

const ranks: Record<LogLevel, number> = { debug: 0, info: 1, warn: 2, error: 3 };

/** The log of a run: sentences on stderr, or one JSON object per line through pino. Known secrets never get through. */
export async function openLog(options: LogOptions): Promise<Log> {
  return options.format === 'json' ? await jsonLog(options) : prettyLog(options);
}

function prettyLog({ level, stream, beforeLine }: LogOptions): Log {
  const line = (own: LogLevel, message: string, fields?: LogFields) => {
    if (ranks[own] < ranks[level]) return;
    const details = fields === undefined ? '' : styleText('dim', ` ${JSON.stringify(fields)}`, { stream });
    beforeLine?.();
    stream.write(redact(`${label(own, stream)}${message}${details}\n`));
  };
  return {
    debug: (message, fields) => line('debug', message, fields),
    info: (message, fields) => line('info', message, fields),
    warn: (message, fields) => line('warn', message, fields),
    error: (message, fields) => line('error', message, fields),
  };
}

function label(level: LogLevel, stream: NodeJS.WriteStream): string {
  if (level === 'warn') return `${styleText('yellow', 'warning:', { stream })} `;
  if (level === 'error') return `${styleText('red', 'error:', { stream })} `;
  return level === 'debug' ? styleText('dim', 'debug: ', { stream }) : '';
}

async function jsonLog({ level, stream }: LogOptions): Promise<Log> {
  const { pino } = await import('pino');
  const logger = pino(
    { level, base: { pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
    { write: (line: string) => stream.write(redact(line)) },
  );
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  };
}
