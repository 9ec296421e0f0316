import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Oid } from '../../src/core/model/ref.ts';
import { startGitSide } from '../support/fake-forge/git-side.ts';
import { startFakeGithub } from '../support/fake-forge/github.ts';
import { startFakeGitlab } from '../support/fake-forge/gitlab.ts';
import type { FakeForge } from '../support/fake-forge/server.ts';
import { type CommitOptions, commit, resolve } from '../support/git-repo.ts';
import type { RunOptions } from '../support/sluice.ts';
import { main, openScene, type Polled, type Scene } from './poll-scene.ts';

const starts = {
  github: (pageSize: number) => startFakeGithub({ pageSize }),
  gitlab: (pageSize: number) => startFakeGitlab({ pageSize }),
} as const;

export type ForgeType = keyof typeof starts;
export const forgeTypes = Object.keys(starts) as readonly ForgeType[];

/** What the forge was told of a commit. */
export interface Told {
  readonly sha: Oid;
  /** The forge's own word. */
  readonly state: string;
  readonly context: string;
  readonly description: string;
}

/** A repository `acme/app` on a fake forge, private, whose API and git want the same token; and a home for sluice that has it. */
export interface ForgeScene {
  readonly fake: FakeForge;
  readonly scene: Scene;
  /** The app's bare repository. */
  readonly gitDir: string;
  /** Flags and environment with which sluice finds the forge; the repository is `it:acme/app`. */
  readonly flags: readonly string[];
  readonly options: RunOptions;
  /** `sluice poll --once --json` of the app. */
  poll(args: readonly string[], options?: RunOptions): Promise<Polled>;
  /** On top of the app's `main`, which moves. */
  commit(options?: Partial<CommitOptions>): Promise<Oid>;
  /** Statuses that the forge has taken, in order. */
  told(): readonly Told[];
}

export async function openForgeScene(type: ForgeType, { pageSize = 2 } = {}): Promise<ForgeScene> {
  const scene = await openScene();
  const fake = await starts[type](pageSize);
  onTestFinished(() => fake.close());
  fake.state.addAccount('acme', { kind: 'organization' });
  fake.state.addAccount('stranger');
  const { gitDir } = await fake.state.addRepository('acme/app', { private: true });
  await fake.state.addRepository('stranger/app', { parent: 'acme/app' });
  const root = join(scene.root, 'forge');
  await mkdir(root);
  const server = await startGitSide(type, fake, root);
  onTestFinished(() => server.close());
  const config = join(scene.root, 'forge.json');
  const it = { type, url: server.origin, api: fake.apiUrl, token: { env: 'IT_TOKEN' } };
  await writeFile(config, JSON.stringify({ forges: { it } }));
  const flags = ['-c', config];
  const env = { IT_TOKEN: fake.token };
  return {
    fake,
    scene,
    gitDir,
    flags,
    options: { env },
    poll: (args, more) => scene.poll([...flags, 'it:acme/app', ...args], { ...more, env: { ...env, ...more?.env } }),
    async commit(options = {}) {
      const parent = await resolve(gitDir, main);
      return await commit(gitDir, { parent, message: 'more', files: { a: `after ${parent}` }, ref: main, ...options });
    },
    told: () =>
      fake.requests.flatMap(({ method, url, body, answer }) => {
        const sha = /\/statuses\/([0-9a-f]+)$/.exec(url.pathname)?.[1];
        if (method !== 'POST' || sha === undefined || answer?.status !== 201) return [];
        const { state, context, name, description } = body as Record<string, string>;
        return [{ sha, state: state ?? '', context: context ?? name ?? '', description: description ?? '' }];
      }),
  };
}
