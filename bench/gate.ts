import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isolatedGitEnv } from '../test/support/git-repo.ts';
import { tempDir } from '../test/support/temp-dir.ts';
import { benchRepo, type GateForge } from './gate-forge.ts';
import { type Command, measure } from './measure.ts';
import { unpackPackage } from './package.ts';
import { makeCertificate } from './poll-fixture.ts';
import { type Goal, type Report, reportOf } from './report.ts';
import { type Contender, pairedRatio, runRounds, type Sample } from './rounds.ts';

export interface GateOptions {
  readonly rounds: number;
  /** That the forge adds to every answer. */
  readonly latencyMs: number;
  readonly onRun: (text: string) => void;
}

const idle = 'node -e 0';
const bare = '1 bare request (node:https)';
const bareTwo = '2 bare requests in a row (node:https, keep-alive)';
const curls = '4 x curl: lookup, reviews, check-runs, commit';
const fetches = '4 x fetch in one Node process, one after the other';
const survey = 'sluice gate, GitHub (GraphQL)';
const rest = 'sluice gate, Gitea (REST)';
const cached = 'sluice gate, cached';

/** The gate as whole processes over TLS, against the least that asking a forge costs, and against a script of curls. */
export async function benchGate({ rounds, latencyMs, onRun }: GateOptions): Promise<Report> {
  await using dir = await tempDir('sluice-bench-');
  const launcher = await unpackPackage(dir.path);
  const pair = await makeCertificate(dir.path);
  if (pair === undefined) throw new Error('openssl is needed to bench the gate over TLS');
  await using github = await startForge(['github', pair.cert, pair.key, String(latencyMs)]);
  await using gitea = await startForge(['gitea', pair.cert, pair.key, String(latencyMs)]);
  const cwd = join(dir.path, 'home');
  await mkdir(cwd);
  const env = isolatedGitEnv({
    HOME: cwd,
    XDG_CACHE_HOME: undefined,
    NODE_COMPILE_CACHE: join(dir.path, 'compiled'),
    NODE_EXTRA_CA_CERTS: pair.cert,
    CURL_CA_BUNDLE: pair.cert,
    TOKEN: github.forge.token,
    GITEA_TOKEN: gitea.forge.token,
  });
  const config = join(dir.path, 'sluice.json');
  const forges = {
    hub: { type: 'github', url: github.forge.webUrl, api: github.forge.apiUrl, token: { env: 'TOKEN' } },
    tea: { type: 'gitea', url: gitea.forge.webUrl, api: gitea.forge.apiUrl, token: { env: 'GITEA_TOKEN' } },
  };
  await writeFile(config, JSON.stringify({ forges, gate: { requiredChecks: ['ci'] } }));

  function contender(name: string, kind: Contender['kind'], command: Pick<Command, 'argv' | 'script'>): Contender {
    return {
      name,
      kind,
      async run(): Promise<Sample> {
        const { wallMs, cpuMs, status, stdout, stderr } = await measure({ ...command, env, cwd });
        const right = status === 0 && (kind !== 'sluice' || stdout.startsWith('approved'));
        return { wallMs, cpuMs, problem: right ? undefined : `status ${status}: ${(stdout + stderr).slice(0, 300)}` };
      },
    };
  }

  const gate = (alias: string, { sha }: GateForge, ttl: string): Pick<Command, 'argv'> => {
    const what = ['--repo', `${alias}:${benchRepo}`, '--branch', 'fix', '--sha', sha, '--cache-ttl', ttl];
    return { argv: [process.execPath, launcher, 'gate', '-c', config, ...what] };
  };
  const urls = urlsOf(github.forge);
  const [lookup = ''] = urls;
  const contenders = [
    contender(bare, 'limit', { argv: [process.execPath, '-e', bareScript(1), lookup] }),
    contender(bareTwo, 'limit', { argv: [process.execPath, '-e', bareScript(2), lookup] }),
    contender(idle, 'limit', { argv: [process.execPath, '-e', '0'] }),
    contender(survey, 'sluice', gate('hub', github.forge, '0')),
    contender(rest, 'sluice', gate('tea', gitea.forge, '0')),
    contender(cached, 'sluice', gate('hub', github.forge, '1h')),
    contender(curls, 'peer', { argv: ['sh'], script: curlScript(urls) }),
    contender(fetches, 'peer', { argv: [process.execPath, '-e', fetchScript, ...urls] }),
  ];
  // Fills the caches: of pages, of compiled code, and the gate's own.
  await runRounds(contenders, 2, onRun);
  const results = await runRounds(contenders, rounds, onRun);
  const goal = (name: string, base: string, limit: number): Goal => {
    return { what: `${name} to ${base}`, measured: pairedRatio(results, name, base), limit, unit: 'x' };
  };
  const title = `gate: whole processes over TLS, a forge that takes ${latencyMs} ms for an answer`;
  return reportOf({ title, contenders, results }, [
    goal(survey, bare, 1.1),
    goal(survey, fetches, 0.35),
    goal(survey, curls, 0.5),
    goal(rest, bareTwo, 1.1),
    goal(cached, idle, 1.7),
  ]);
}

interface StartedForge extends AsyncDisposable {
  readonly forge: GateForge;
}

async function startForge(args: readonly string[]): Promise<StartedForge> {
  const child = fork(join(import.meta.dirname, 'gate-forge.ts'), args);
  const [forge] = (await once(child, 'message')) as [GateForge];
  return {
    forge,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
    },
  };
}

/** As small a program as can be: the URL is its argument, the token in the environment. */
function bareScript(times: number): string {
  return `const { get, Agent } = process.getBuiltinModule('node:https');
const agent = new Agent({ keepAlive: true });
const headers = { authorization: 'Bearer ' + process.env.TOKEN, 'user-agent': 'bench' };
function ask(left) {
  get(process.argv[1], { headers, agent }, (answer) => {
    answer.resume().on('end', () => (answer.statusCode !== 200 ? process.exit(1) : left > 1 ? ask(left - 1) : undefined));
  });
}
ask(${times});`;
}

/** What a script asks, one after the other, as most do. */
function urlsOf({ apiUrl, sha, number }: GateForge): readonly string[] {
  const repo = `${apiUrl}/repos/${benchRepo}`;
  return [
    `${repo}/pulls?head=acme:fix&state=open`,
    `${repo}/pulls/${number}/reviews?per_page=100`,
    `${repo}/commits/${sha}/check-runs?per_page=100`,
    `${repo}/commits/${sha}?per_page=1`,
  ];
}

function curlScript(urls: readonly string[]): string {
  return urls.map((url) => `curl -fsS -H "Authorization: Bearer $TOKEN" '${url}' >/dev/null`).join('\n');
}

const fetchScript = `(async () => {
  const headers = { authorization: 'Bearer ' + process.env.TOKEN };
  for (const url of process.argv.slice(1)) {
    const answer = await fetch(url, { headers });
    if (!answer.ok) process.exit(1);
    await answer.json();
  }
})();`;
