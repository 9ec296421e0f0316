import { onTestFinished } from 'vitest';
import type { ForgeDefinition } from '../../../src/core/forges/definition.ts';
import type {
  ChangesRole,
  Forge,
  GitCredential,
  RepositoriesRole,
  StatusesRole,
} from '../../../src/core/forges/forge.ts';
import { openForge } from '../../../src/core/forges/registry.ts';
import type { HttpSettings } from '../../../src/core/http/settings.ts';
import type { StatusState } from '../../../src/core/model/status.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { FakeForge } from '../../support/fake-forge/server.ts';
import type { ReviewingTraits } from './reviewing.ts';

/**
 * What differs between forges where their meaning is the same; every deviation is written here with its reason.
 * The suite builds its own scenario through `fake.state`: organisation `acme` with `acme/app`, person `stranger` with a fork.
 */
export interface ForgeTraits {
  readonly definition: ForgeDefinition;
  /** Starts the forge's fake, empty but for the token's owner `me`; listings hold at most `pageSize` items a page. */
  startFake(options: { readonly pageSize: number }): Promise<FakeForge>;
  readonly words: Forge['words'];
  /** An organisation's or a person's repository, as the forge writes it. Default `owner/name`. */
  path?(owner: string, name: string, kind: 'person' | 'organization'): string;
  /** What `gitCredential` gives for the fake's token. */
  credential(token: string): GitCredential;
  /** Clone URL of `acme/app` under the web URL. Default `<web>/acme/app.git`. */
  cloneUrl?(webUrl: string, path: string): string;
  /** More URLs that must (or, with undefined, must not) be recognised by a forge at `https://forge.example.org`. */
  readonly urls?: readonly (readonly [url: string, path: string | undefined])[];
  /** `number`: only the number of the next page is taken, so it cannot lead to another host. Default `url`. */
  readonly nextPage?: 'url' | 'number';
  /** False: listings do not tell drafts apart. Default true. */
  readonly drafts?: boolean;
  /** False: the API gives only an abbreviated head commit (Bitbucket Cloud). Default true. */
  readonly fullHeadSha?: boolean;
  /** False: the API does not say (GitLab), or only abbreviated (Bitbucket Cloud), where the base branch stands. Default true. */
  readonly fullBaseSha?: boolean;
  /** False: no ref of the base repository keeps the head once the fork is gone (Bitbucket Cloud). Default true. */
  readonly headOutlivesFork?: boolean;
  readonly statuses: StatusTraits;
  /** Absent: the forge has none of the roles that `gate` and the trust policies ask. */
  readonly reviewing?: ReviewingTraits;
  /** Options besides `alias`, `webUrl`, `apiUrl` and `token`, for example a `username`. */
  readonly options?: { readonly username?: string };
}

export interface StatusTraits {
  /** The forge's own word for each state. */
  readonly states: Readonly<Record<StatusState, string>>;
  /** What the hint of a refusal names: a scope or permission. */
  readonly right: RegExp;
  /** The page that stands in for a missing target URL, on forges that demand one. */
  page?(webUrl: string, repo: string, sha: string): string;
  /** What is kept of the ref `refs/heads/fix/x`. Default: nothing, the forge has no place for it. */
  readonly ref?: string;
  /** Longest target URL; a longer one is left out. Default: there is no limit. */
  readonly urlLimit?: number;
  /** False: characters beyond the Basic Multilingual Plane are refused, so they are left out (GitHub). Default true. */
  readonly astral?: boolean;
  /** False: a state that lasts keeps its first description, and running does not go back to pending (GitLab). Default true. */
  readonly replacesUnfinished?: boolean;
}

export interface Opened {
  readonly fake: FakeForge;
  readonly forge: Forge;
  readonly changes: ChangesRole;
  readonly repositories: RepositoriesRole;
  readonly statuses: StatusesRole;
  /** `acme/app` and `stranger/app` as the forge writes them; the second is a fork of the first. */
  readonly app: string;
  readonly fork: string;
  /** Milliseconds that the client waited before its retries; it does not really wait. */
  readonly waits: readonly number[];
}

/** A fake with `acme/app` and a fork of it, and the forge opened over it; both end with the current test. */
export async function open(traits: ForgeTraits, http: HttpSettings = {}): Promise<Opened> {
  const fake = await traits.startFake({ pageSize: 2 });
  onTestFinished(() => fake.close());
  fake.state.addAccount('acme', { kind: 'organization' });
  fake.state.addAccount('stranger');
  const app = pathOf(traits, 'acme', 'app', 'organization');
  const fork = pathOf(traits, 'stranger', 'app', 'person');
  await fake.state.addRepository(app);
  await fake.state.addRepository(fork, { parent: app });

  const waits: number[] = [];
  const { webUrl, apiUrl, token } = fake;
  const options = { ...traits.options, alias: 'it', webUrl, apiUrl, token: new Secret(token) };
  const forge = await openForge(traits.definition, options, {
    env: {},
    random: () => 1,
    sleep: async (ms) => {
      waits.push(ms);
    },
    ...http,
  });
  const { changes, repositories, statuses } = forge;
  if (changes === undefined || repositories === undefined || statuses === undefined) {
    throw new Error(`${forge.type} lacks a role`);
  }
  return { fake, forge, changes, repositories, statuses, app, fork, waits };
}

export function pathOf(traits: ForgeTraits, owner: string, name: string, kind: 'person' | 'organization'): string {
  return traits.path?.(owner, name, kind) ?? `${owner}/${name}`;
}
