/** What is really started for a script: itself, or the tool that shuts it in. */
export interface Launch {
  readonly command: readonly string[];
  /** The whole environment of `command`. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends what no signal reaches (a container); runs after every run, and when sluice was killed. Nothing left to end is no error. */
  readonly end?: readonly string[];
  /**
   * How the script is asked to end, where SIGTERM for the group would end the tool and the script at once: SIGTERM for all `members`
   * but the started process, or a command. Default: SIGTERM for the group.
   */
  readonly ask?: 'members' | readonly string[];
  /** Whether this exit status and last line mean that the tool failed, not the script. */
  readonly toolFailed?: (exitCode: number, lastLine: string) => boolean;
}
