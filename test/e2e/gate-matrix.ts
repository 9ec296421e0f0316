import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Forge } from '../../src/core/forges/forge.ts';
import { builtInForges, openForge } from '../../src/core/forges/registry.ts';
import { judgePush } from '../../src/core/gate/judge-push.ts';
import type { GatePolicy } from '../../src/core/gate/policy.ts';
import type { GatePorts } from '../../src/core/gate/ports.ts';
import { missing } from '../../src/core/gate/verdict.ts';
import { nodeTransport } from '../../src/core/http/node-transport.ts';
import type { Push } from '../../src/core/model/gate-facts.ts';
import type { Verdict } from '../../src/core/model/verdict.ts';
import { Secret } from '../../src/core/secret.ts';
import { type Fault, swapTypes } from '../support/fake-forge/faults.ts';
import type { FakeForge } from '../support/fake-forge/server.ts';
import type { FakeChange } from '../support/fake-forge/state.ts';
import { sluice } from '../support/sluice.ts';
import { testDir } from '../support/temp-dir.ts';

export interface MatrixForge {
  readonly type: string;
  start(options: { readonly pageSize: number }): Promise<FakeForge>;
  /** As the forge writes it; default `acme/app`. */
  readonly repo?: string;
  /** Requests that the forge is without from the beginning, so that others take their place. */
  readonly without?: RegExp;
  /** False: the forge knows no "changes requested"; then a check that failed is the veto. */
  readonly vetoes?: false;
  /** A team of which somebody must have approved; left out: the forge has none that can be asked. */
  readonly team?: string;
  /** CODEOWNERS by which whoever approves has to be an owner, and where it stands; left out: the forge tells no owners. */
  readonly owners?: Readonly<Record<string, string>>;
  /** `KEY: FAULT` after which a yes is right, each with its reason. */
  readonly mayPass?: readonly RegExp[];
}

const json = { 'content-type': 'application/json' };

const faults: Readonly<Record<string, Fault>> = {
  ...Object.fromEntries(
    [401, 403, 404, 409, 429, 500, 502, 503].map((status) => [
      String(status),
      { kind: 'answer', status, body: { message: 'no' } } satisfies Fault,
    ]),
  ),
  'a rate limit': { kind: 'answer', status: 403, headers: { 'retry-after': '3600' }, body: { message: 'rate limit' } },
  'a redirect': { kind: 'answer', status: 302, headers: { location: 'http://127.0.0.1:1/x' } },
  'an empty answer': { kind: 'answer', status: 200 },
  'no content': { kind: 'answer', status: 204 },
  'an empty object': { kind: 'answer', status: 200, headers: json, body: {} },
  null: { kind: 'answer', status: 200, headers: json, body: 'null' },
  'a word': { kind: 'answer', status: 200, headers: json, body: 'true' },
  'a list of nothing': { kind: 'answer', status: 200, headers: json, body: '[null]' },
  'a web page': { kind: 'html' },
  'half of it': { kind: 'half-json' },
  'other types': { kind: 'wrong-types' },
  'a cut': { kind: 'cut' },
  'a reset': { kind: 'reset' },
  silence: { kind: 'hang' },
};

/** What could pass for "there is nothing": a veto must not be lost by it. */
const emptyHanded = /^(?:404|an? (?:empty|word|list|web page)|no content|null|half|other types)/;

/** Only where more pages follow: a way that leads back, away, or nowhere. */
const pageFaults: Readonly<Record<string, Fault>> = {
  'pages in a circle': { kind: 'next-page', url: 'self' },
  'pages on another host': { kind: 'next-page', url: 'http://127.0.0.1:1/api/next?page=2' },
  'pages that are no address': { kind: 'next-page', url: '::' },
};

const basis: GatePolicy = {
  forks: 'all',
  lookup: [{ kind: 'branch' }, { kind: 'commit' }],
  map: [],
  bases: [],
  minApprovals: 1,
  requiredChecks: [{ name: 'ci', apps: undefined }],
  requiredApps: [],
  requiredTeams: [],
  requireCodeOwners: false,
  upToDate: false,
  allowStaleApprovals: false,
  allowSelfApproval: false,
  allowDraft: false,
  allowBots: [],
  passing: [],
  allowAncestor: false,
  ifNoPr: 'block',
  ifAppMissing: 'block',
  deletions: 'block',
  tags: 'block',
  rules: [],
};

interface World {
  readonly fake: FakeForge;
  readonly change: FakeChange;
  /** `hasty`: does not wait long for an answer. */
  ask(hasty?: boolean): Promise<Verdict>;
  /** What the fake forge answered, once for each `METHOD path?query`. */
  answers(): Promise<ReadonlyMap<string, unknown>>;
}

/** Reviews and checks of three pages; what decides stands on the last of them. */
async function openWorld(forge: MatrixForge, kind: 'good' | 'vetoed'): Promise<World> {
  const { type, repo = 'acme/app', without, team, owners } = forge;
  const policy: GatePolicy = {
    ...basis,
    requiredTeams: team === undefined ? [] : [team],
    requireCodeOwners: owners !== undefined,
    upToDate: true,
  };
  const fake = await forge.start({ pageSize: 2 });
  fake.state.addAccount('acme', { kind: 'organization' });
  for (const login of ['ada', 'bob', 'eve', 'kim', 'lea']) fake.state.addAccount(login);
  // Bitbucket Cloud's approvals name no commit, so that only this setting makes them count.
  await fake.state.addRepository(repo, { resetOnPush: true });
  for (const login of ['ada', 'bob', 'eve', 'kim', 'lea']) fake.state.members.grant(repo, login, 'write');
  if (team !== undefined) fake.state.members.addTeam(team, ['kim', 'lea', 'ada']);
  // Before the change request starts, which has to have all of the base branch.
  if (owners !== undefined) await fake.state.pushBase(repo, owners);
  const change = await fake.state.addChange({ repo, branch: 'fix', author: 'bob' });
  if (owners !== undefined) {
    fake.state.owners.set(repo, change.number, [{ name: '*', owners: ['ada'] }]);
  }
  const talk = fake.state.about(repo, change.number);
  const bad = kind === 'vetoed';
  if (bad) talk.review('ada', 'approved');
  for (const login of ['kim', 'lea', 'kim']) talk.review(login, 'commented');
  if (!bad) talk.review('ada', 'approved');
  else if (forge.vetoes !== false) talk.review('eve', 'changes-requested');
  for (const name of ['lint', 'unit', 'docs', 'types']) {
    fake.state.checks.add(repo, change.head.sha, { name, state: 'success', app: 'actions' });
  }
  const state = bad && forge.vetoes === false ? 'failure' : 'success';
  fake.state.checks.add(repo, change.head.sha, { name: 'ci', state, app: 'actions' });

  const definition = builtInForges.find((built) => built.type === type);
  if (definition === undefined) throw new Error(`there is no forge ${type}`);
  const { webUrl, apiUrl, token } = fake;
  const options = { alias: 'it', webUrl, apiUrl, token: new Secret(token) };
  const http = { transport: nodeTransport({}), maxRetries: 1, sleep: async () => undefined };
  const patient = await openForge(definition, options, { ...http, timeoutMs: 30_000 });
  const impatient = await openForge(definition, options, { ...http, timeoutMs: 100 });
  const portsOf = (opened: Forge): GatePorts => ({
    forks: [{ name: `it:${repo}`, repo, cacheKey: undefined, open: async () => opened }],
    now: Date.now,
    timeoutMs: 60_000,
  });
  const push: Push = { kind: 'branch', ref: 'refs/heads/fix', branch: 'fix', sha: change.head.sha };
  const healthy = () => {
    fake.heal();
    if (without !== undefined) fake.fail({ path: without, fault: { kind: 'answer', status: 404, body: {} } });
  };
  healthy();
  const { signal } = new AbortController();
  const ask: World['ask'] = async (hasty = false) =>
    (await judgePush(portsOf(hasty ? impatient : patient), policy, push, signal)).verdict;
  let answers: Promise<ReadonlyMap<string, unknown>> | undefined;
  async function learn(): Promise<ReadonlyMap<string, unknown>> {
    const before = fake.requests.length;
    await ask();
    return new Map(
      fake.requests
        .slice(before)
        .flatMap(({ method, url, answer }) =>
          answer === undefined ? [] : [[`${method} ${url.pathname}${url.search}`, answer.body] as const],
        ),
    );
  }
  return {
    fake: { ...fake, heal: healthy },
    change,
    ask,
    answers() {
      answers ??= learn();
      return answers;
    },
  };
}

/** The requests of this world that the fault can spoil. */
async function asked({ answers }: World, fault: Fault): Promise<readonly string[]> {
  const keys = [...(await answers())];
  if (fault.kind !== 'wrong-types') return keys.map(([key]) => key);
  // An empty list has no types.
  return keys.flatMap(([key, body]) => (isDeepStrictEqual(swapTypes(body), body) ? [] : [key]));
}

function exactly(key: string): { readonly method: string; readonly path: RegExp } {
  const [method = '', path = ''] = key.split(' ', 2);
  return { method, path: new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`) };
}

/** The verdict while this one request is answered so. */
async function spoilt(world: World, key: string, fault: Fault): Promise<Verdict> {
  world.fake.fail({ ...exactly(key), fault });
  const verdict = await world.ask(fault.kind === 'hang');
  world.fake.heal();
  return verdict;
}

function expectNoYes(verdict: Verdict, at: string, token: string): void {
  const sentences = told(verdict);
  expect(verdict.status, `${at}: ${sentences}`).not.toBe('approved');
  expect(sentences).not.toContain(token);
  if (verdict.status === 'undetermined') expect(sentences, at).toMatch(/\w{3,} .*\w{3,}/);
}

function told(verdict: Verdict): string {
  return missing(verdict)
    .map(({ sentence }) => sentence)
    .join('\n');
}

/** Every request that a cold gate makes, spoilt in every way: never a yes. One file for each forge, so that they run beside each other. */
export function describeMatrix(name: string, forge: MatrixForge): void {
  describe(name, () => {
    let good: World;
    let vetoed: World;
    beforeAll(async () => {
      [good, vetoed] = await Promise.all([openWorld(forge, 'good'), openWorld(forge, 'vetoed')]);
    });
    afterAll(async () => {
      await Promise.all([good.fake.close(), vetoed.fake.close()]);
    });

    test('the worlds are what they are meant to be', async () => {
      expect(await good.ask()).toMatchObject({ status: 'approved' });
      expect(await vetoed.ask()).toMatchObject({ status: 'rejected' });
      expect((await asked(good, { kind: 'reset' })).length).toBeGreaterThan(1);
    });

    test.each(Object.entries(faults))('never a yes after %s, whichever request it is', async (name, fault) => {
      for (const world of emptyHanded.test(name) ? [good, vetoed] : [good]) {
        for (const key of await asked(world, fault)) {
          const verdict = await spoilt(world, key, fault);
          const at = `${key}: ${name}`;
          if (world === good && forge.mayPass?.some((pattern) => pattern.test(at))) continue;
          expectNoYes(verdict, at, world.fake.token);
        }
      }
      expect(await good.ask(), 'healed').toMatchObject({ status: 'approved' });
    });

    test.each(Object.entries(pageFaults))('a veto on the last page is not lost by %s', async (name, fault) => {
      for (const key of await asked(vetoed, fault)) {
        expectNoYes(await spoilt(vetoed, key, fault), `${key}: ${name}`, vetoed.fake.token);
      }
    });

    test('the program itself: 0 for a yes, 2 for what it could not learn', async () => {
      const dir = await testDir();
      const config = join(dir, 'sluice.json');
      const { webUrl, apiUrl, token } = good.fake;
      const { repo = 'acme/app', type } = forge;
      const it = { type, url: webUrl, api: apiUrl, token: { env: 'FORGE_TOKEN' } };
      const gate = { repos: [`it:${repo}`], requiredChecks: ['ci'], cacheTtl: 0 };
      await writeFile(config, JSON.stringify({ forges: { it }, gate }));
      await mkdir(join(dir, 'home'));
      const env = { FORGE_TOKEN: token, HOME: join(dir, 'home'), XDG_CACHE_HOME: join(dir, 'cache') };
      const run = () =>
        sluice(['gate', '-c', config, '--branch', 'fix', '--sha', good.change.head.sha], { cwd: dir, env });
      expect(await run()).toMatchObject({ status: 0 });
      for (const fault of [faults['401'], faults['a web page'], faults['other types']]) {
        if (fault === undefined) continue;
        good.fake.fail({ fault });
        const ran = await run();
        good.fake.heal();
        expect(ran).toMatchObject({ status: 2 });
        expect(ran.stdout + ran.stderr).not.toContain(token);
      }
    });
  });
}
