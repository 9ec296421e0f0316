// Shows the main job with the real program: `npm run demo`, or `npm run demo -- URL [--pr N]` for a repository of your own.
import { parseArgs, styleText } from 'node:util';
import { localDemo } from './demo/local.ts';
import { remoteDemo } from './demo/remote.ts';

const { values, positionals } = parseArgs({ allowPositionals: true, options: { pr: { type: 'string' } } });
const [url] = positionals;
const number = values.pr === undefined ? undefined : Number(values.pr);

if (positionals.length > 1 || (number !== undefined && (url === undefined || !Number.isInteger(number)))) {
  console.error('usage: npm run demo [-- URL [--pr N]]');
  process.exitCode = 64;
} else {
  const failures = url === undefined ? await localDemo() : await remoteDemo(url, number);
  console.log(
    `\n${failures.length === 0 ? epilogue() : styleText('red', `This did not go as promised (see above): ${failures.length} of the checks failed.`)}`,
  );
  if (failures.length > 0) process.exitCode = 1;
}

function epilogue(): string {
  const next = url === undefined ? ' Try your own repository, which is only read: npm run demo -- URL [--pr N]' : '';
  return `Everything was as promised; the temporary repositories are gone.${next}`;
}
