import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Load {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly connections: number;
  readonly seconds: number;
  /** CPU for the load alone; undefined: anywhere. */
  readonly cpu: number | undefined;
  readonly dir: string;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were no 2xx, and connections that failed. */
  readonly errors: number;
}

let started = 0;

/** Posts the same signed body under ids that are never the same, as fast as the connections take it (https://github.com/wg/wrk). */
export async function load({ url, headers, body, connections, seconds, cpu, dir }: Load): Promise<LoadResult> {
  started += 1;
  const bodyFile = join(dir, 'body.json');
  const script = join(dir, 'load.lua');
  await writeFile(bodyFile, body);
  await writeFile(script, scriptOf(bodyFile, headers, `bench-${process.pid}-${started}`));
  const wrk = ['wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url];
  const [program = '', ...args] = cpu === undefined ? wrk : ['taskset', '-c', String(cpu), ...wrk];
  const { stdout } = await run(program, args);
  const line = stdout.split('\n').find((one) => one.startsWith('RESULT '));
  if (line === undefined) throw new Error(`wrk said nothing of its result: ${stdout}`);
  const [requests = 0, micros = 1, p50 = 0, p99 = 0, errors = 0] = line.split(' ').slice(1).map(Number);
  return { perSecond: (requests - errors) / (micros / 1e6), p50Ms: p50 / 1000, p99Ms: p99 / 1000, errors };
}

function scriptOf(bodyFile: string, headers: Readonly<Record<string, string>>, prefix: string): string {
  const lines = Object.entries(headers).map(
    ([name, value]) => `wrk.headers[${JSON.stringify(name)}] = ${JSON.stringify(value)}`,
  );
  return `
wrk.method = "POST"
${lines.join('\n')}
local file = io.open(${JSON.stringify(bodyFile)}, "rb")
wrk.body = file:read("*a")
file:close()
local count = 0
request = function()
  count = count + 1
  wrk.headers["x-github-delivery"] = "${prefix}-" .. count
  return wrk.format()
end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d\\n", summary.requests, summary.duration,
    latency:percentile(50), latency:percentile(99), e.status + e.connect + e.read + e.write + e.timeout))
end
`;
}
