import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { styleText } from 'node:util';

const binary = join(import.meta.dirname, '../../bin/sluice.js');

export interface StageOptions {
  /** Where the commands run. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface Wanted {
  readonly status: number;
  /** Words that the output must have; without them the demo has not shown what it says. */
  readonly says: readonly RegExp[];
}

/** Where the demo happens: headings, remarks, and commands that are shown, run and compared with what was promised. */
export interface Stage {
  readonly failures: readonly string[];
  scene(title: string): void;
  say(line: string): void;
  /** Runs the real program and prints the command line as a user would type it, its output and a status that is not 0. */
  sluice(args: readonly string[], wanted: Wanted): Promise<void>;
  /** Says nothing when it holds. */
  check(holds: boolean, promise: string): void;
}

export function openStage({ cwd, env }: StageOptions): Stage {
  const failures: string[] = [];
  let scenes = 0;

  function check(holds: boolean, promise: string): void {
    if (holds) return;
    failures.push(promise);
    console.log(`  ${styleText('red', 'NOT AS PROMISED:')} ${promise}`);
  }

  async function sluice(args: readonly string[], { status, says }: Wanted): Promise<void> {
    console.log(`\n  ${styleText('bold', `$ sluice ${args.map(quoted).join(' ')}`)}`);
    const ran = await run(args, cwd, env);
    const output = `${ran.stdout}${ran.stderr}`;
    for (const line of output.trimEnd().split('\n')) console.log(`  ${line}`);
    if (ran.status !== 0) console.log(styleText('dim', `  (exit status ${ran.status})`));
    check(ran.status === status, `sluice ${args.join(' ')} ends with status ${status}, not ${ran.status}`);
    for (const words of says) check(words.test(output), `the output matches ${words}`);
  }

  return {
    failures,
    scene(title) {
      scenes += 1;
      console.log(`\n${styleText(['bold', 'cyan'], `${scenes}. ${title}`)}`);
    },
    say: (line) => console.log(line === '' ? '' : `  ${line}`),
    sluice,
    check,
  };
}

async function run(args: readonly string[], cwd: string, env: StageOptions['env']) {
  const child = spawn(process.execPath, [binary, ...args], { cwd, env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const [[status], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return { status: status as number | null, stdout, stderr };
}

function quoted(word: string): string {
  return /^[\w./:@=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
