import type { Config } from '../config/config.ts';
import type { ExitStatus } from '../errors.ts';
import type { Forge } from '../forges/forge.ts';
import type { HttpSettings } from '../http/settings.ts';

/** One flag of a command. Global flags (`--json`, `--quiet`, `--config`, …) belong to the program and are not repeated here. */
export interface OptionSpec {
  /** As commander writes it: `--pr <number>`, `-q, --quiet`, `--no-verify`. */
  readonly flags: string;
  readonly description: string;
  /** Given several times, the value is an array in the order of the command line. */
  readonly repeatable?: boolean;
  readonly choices?: readonly string[];
  readonly default?: string | number | boolean;
  /** Turns the text of one occurrence into a value; throws SluiceError('usage'). */
  readonly parse?: (text: string) => unknown;
  readonly hidden?: boolean;
  /** Property name in `CommandInput.options`; default: the long flag in camelCase. */
  readonly key?: string;
}

export interface ArgumentSpec {
  readonly name: string;
  readonly description: string;
  readonly required?: boolean;
  /** Takes the rest of the line; only the last argument may. */
  readonly variadic?: boolean;
}

/**
 * A subcommand as data: the contract that built-in commands and plugins share. A command either runs or has subcommands;
 * `run` reports through its outcome and never writes to stdout or sets the exit status by itself.
 */
export interface CommandSpec {
  readonly name: string;
  /** One line without a full stop, for the list of commands. */
  readonly summary: string;
  readonly description?: string;
  readonly arguments?: readonly ArgumentSpec[];
  readonly options?: readonly OptionSpec[];
  readonly examples?: readonly { readonly command: string; readonly note: string }[];
  readonly subcommands?: readonly CommandSpec[];
  /** What the words after `--` are, for a command that takes a command line of somebody else's. */
  readonly rest?: { readonly name: string; readonly description: string };
  /** Status instead of 69, 75 and 77, for a command whose status is an answer that others act on. Default: none. */
  readonly undecided?: ExitStatus;
  /**
   * True: it runs until it is told to stop. Answers of forges are kept in memory, and are asked for again only where they have changed.
   */
  readonly longRunning?: true;
  run?(context: CommandContext, input: CommandInput): Promise<CommandOutcome>;
}

export interface CommandInput {
  readonly arguments: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  /** The words after `--`, where the spec has `rest`; undefined without a `--`. */
  readonly rest?: readonly string[] | undefined;
}

/** Failures are thrown as SluiceError; an answer (even "no") is an outcome. */
export interface CommandOutcome {
  /** 0, 1 or 2 for an answer (the table of exit statuses); a command that did several things may end with the status of the worst. */
  readonly exit: ExitStatus;
  /** For people, on stdout, without a trailing newline; left out when there is nothing to say. */
  readonly text?: string;
  /** The one document that `--json` prints; must not hold a Secret's value. Left out when events were emitted instead. */
  readonly json?: unknown;
}

export interface CommandContext {
  /** Absolute; `-C DIR` is already applied. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborted by SIGINT and SIGTERM; hand it to every call that may take time. */
  readonly signal: AbortSignal;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly dryRun?: boolean;
  /** The file of `--config`, as written; undefined when it is to be searched. */
  readonly configFile?: string | undefined;
  /** The effective configuration, read and checked on the first call. */
  config(): Promise<Config>;
  /**
   * The forge behind a configured or predefined alias; an unknown alias is SluiceError('usage') with the nearest one. It is opened once:
   * later calls cannot watch it any more.
   */
  forge(alias: string, watch?: Pick<HttpSettings, 'onAnswer'>): Promise<Forge>;
  readonly log: Log;
  /** Says what is going on, on a terminal only; the next call replaces the text. */
  progress(text: string): void;
  /** Takes the output of children as it comes, where a person watches a terminal; undefined elsewhere, with --quiet and --json. */
  readonly output: ((chunk: Uint8Array) => void) | undefined;
  /**
   * For commands that go on until they are told to stop: prints one event now, as one JSON line with `--json`, as its text else (without
   * `text` only with `--json`). Such a command's outcome has no `json` of its own.
   */
  emit(event: { readonly json: unknown; readonly text?: string | undefined }): void;
}

/** The log's face: sentences for people plus fields for machines. Known secrets are redacted behind it. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export type LogFields = Readonly<Record<string, unknown>>;
