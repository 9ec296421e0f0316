import { type LoadOptions, readConfig } from './load.ts';
import { type ConfigProblem, problemText } from './problem.ts';

/** What `sluice config check` prints. */
export interface ConfigCheck {
  readonly ok: boolean;
  /** Undefined when no configuration file was found, which is no problem. */
  readonly file: string | undefined;
  readonly problems: readonly (ConfigProblem & { readonly text: string })[];
  readonly warnings: readonly string[];
}

/** Every problem of the configuration that a command started here would use. No secret is fetched. */
export async function checkConfig(options: LoadOptions): Promise<ConfigCheck> {
  const reading = await readConfig(options);
  if (reading.loaded !== undefined) {
    const { file, warnings } = reading.loaded;
    return { ok: true, file, problems: [], warnings };
  }
  const { file } = reading;
  const problems = reading.problems.map((problem) => ({ ...problem, text: problemText(problem, file) }));
  return { ok: false, file, problems, warnings: [] };
}
