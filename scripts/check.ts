// Everything that can be said about the sources without running them: `npm run check`. Exits with 1 when a part fails.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { styleText } from 'node:util';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/.bin');

interface Part {
  readonly name: string;
  readonly command: readonly [program: string, ...args: string[]];
}

const parts: readonly Part[] = [
  { name: 'format and lint', command: [join(bin, 'biome'), 'ci', '--colors=off', '.'] },
  { name: 'types', command: [join(bin, 'tsc'), '-p', root] },
  { name: 'imports, cycles, unused files, file length', command: [process.execPath, 'scripts/structure.ts'] },
  { name: 'configuration schema', command: [process.execPath, 'scripts/schema.ts', '--check'] },
];

// All at once, but told in order, so that two runs read the same.
const runs = parts.map(run);
let failed = 0;
for (const [at, part] of parts.entries()) {
  const { status, output, seconds } = (await runs[at]) ?? { status: 1, output: '', seconds: 0 };
  if (status !== 0) failed += 1;
  const mark = status === 0 ? styleText('green', 'ok  ') : styleText('red', 'FAIL');
  console.log(`${mark} ${part.name} (${seconds.toFixed(1)} s)`);
  if (status !== 0) console.log(output.trimEnd());
}
console.log(`check: ${parts.length - failed} passed, ${failed} failed`);
if (failed > 0) process.exitCode = 1;

async function run({ command: [program, ...args] }: Part) {
  const started = performance.now();
  const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const [[status], stdout, stderr] = await Promise.all([once(child, 'close'), text(child.stdout), text(child.stderr)]);
  return {
    status: status as number | null,
    output: `${stdout}${stderr}`,
    seconds: (performance.now() - started) / 1000,
  };
}
