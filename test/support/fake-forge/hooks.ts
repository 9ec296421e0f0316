import { randomUUID } from 'node:crypto';
import type { ForgeType } from '../../../src/core/forges/forge.ts';
import type { Delivery, Scenario, ScenarioPlace } from '../deliveries/scenario.ts';
import { deliveryOf } from '../deliveries/sign.ts';
import { cutPage, linkHeader } from './paging.ts';
import type { FakeAnswer, FakeCall } from './server.ts';

/** A webhook as the fake keeps it, the secret too. */
export interface FakeHook {
  readonly id: number;
  readonly type: ForgeType;
  readonly repo: string;
  readonly url: string;
  readonly secret: string;
  readonly events: readonly string[];
}

/** One attempt to deliver. */
export interface FakeDelivery {
  readonly id: number;
  readonly hook: number;
  readonly guid: string;
  readonly event: string;
  readonly at: number;
  /** 0: nobody answered. */
  readonly status: number;
  readonly text: string;
  readonly sent: Delivery;
}

/** The webhooks of one fake forge; they really send. */
export interface HookBook {
  readonly hooks: readonly FakeHook[];
  readonly deliveries: readonly FakeDelivery[];
  /** Sends what happened to every webhook of the repository; resolves when all have answered. */
  send(scenario: Scenario, place: ScenarioPlace, guid?: string): Promise<readonly FakeDelivery[]>;
  /** The answer, when the call is about webhooks. */
  answer(call: FakeCall): Promise<FakeAnswer | undefined>;
}

const collections: readonly (readonly [ForgeType, RegExp])[] = [
  ['bitbucket-datacenter', /\/projects\/(?<owner>[^/]+)\/repos\/(?<name>[^/]+)\/webhooks(?<rest>\/.*)?$/],
  ['bitbucket', /\/repositories\/(?<owner>[^/]+)\/(?<name>[^/]+)\/hooks(?<rest>\/.*)?$/],
  ['gitlab', /\/projects\/(?<owner>[^/]+)\/hooks(?<rest>\/.*)?$/],
  ['gitea', /\/api\/v1\/repos\/(?<owner>[^/]+)\/(?<name>[^/]+)\/hooks(?<rest>\/.*)?$/],
  ['github', /\/repos\/(?<owner>[^/]+)\/(?<name>[^/]+)\/hooks(?<rest>\/.*)?$/],
];

export function createHookBook(token: string): HookBook {
  const hooks: FakeHook[] = [];
  const deliveries: FakeDelivery[] = [];
  let last = 0;

  async function post(hook: FakeHook, guid: string, sent: Delivery): Promise<FakeDelivery> {
    last += 1;
    const id = last;
    const event = sent.headers['x-github-event'] ?? sent.headers['x-gitlab-event'] ?? sent.headers['x-event-key'] ?? '';
    const body = new Uint8Array(sent.body);
    const answer = await fetch(hook.url, { method: 'POST', headers: sent.headers, body, redirect: 'manual' })
      .then(async (response) => ({ status: response.status, text: await response.text() }))
      .catch(() => ({ status: 0, text: '' }));
    const delivery = { id, hook: hook.id, guid, event, at: Date.now(), ...answer, sent };
    deliveries.push(delivery);
    return delivery;
  }

  function save(type: ForgeType, repo: string, call: FakeCall, id: number | undefined): FakeAnswer {
    const { config, configuration, ...plain } = call.body as Record<string, unknown> & {
      readonly config?: Record<string, string>;
      readonly configuration?: Record<string, string>;
    };
    const old = hooks.find((hook) => hook.id === id);
    if (id !== undefined && old === undefined) return { status: 404, body: { message: 'Not Found' } };
    last += 1;
    const given = { ...plain, ...config, ...configuration } as Record<string, unknown>;
    const secret = given.signing_token ?? given.secret ?? given.token;
    const hook: FakeHook = {
      id: id ?? last,
      type,
      repo,
      url: String(given.url),
      // Gitea does not change a secret that is there.
      secret: old !== undefined && type === 'gitea' ? old.secret : String(secret),
      events: Array.isArray(given.events) ? given.events : Object.keys(given).filter((key) => key.endsWith('_events')),
    };
    if (old !== undefined) hooks.splice(hooks.indexOf(old), 1);
    hooks.push(hook);
    return { status: old === undefined ? 201 : 200, body: hookJson(hook) };
  }

  function answerHook(type: ForgeType, repo: string, id: number, call: FakeCall): FakeAnswer {
    if (call.method !== 'DELETE') return save(type, repo, call, id);
    const at = hooks.findIndex((hook) => hook.id === id);
    if (at < 0) return { status: 404, body: { message: 'Not Found' } };
    hooks.splice(at, 1);
    return { status: 204 };
  }

  async function answerDeliveries(
    hook: number,
    [delivery, attempts]: readonly string[],
    call: FakeCall,
  ): Promise<FakeAnswer> {
    const own = deliveries.filter((one) => one.hook === hook).toReversed();
    if (delivery === undefined) {
      const start = Number(call.url.searchParams.get('cursor') ?? 0);
      const next = new URL(call.url);
      next.searchParams.set('cursor', String(start + 2));
      const more = start + 2 < own.length;
      const headers = more ? { link: `<${call.nextPage(next.href)}>; rel="next"` } : {};
      return { status: 200, headers, body: own.slice(start, start + 2).map(deliveryJson) };
    }
    const found = own.find(({ id }) => id === Number(delivery));
    const target = hooks.find(({ id }) => id === hook);
    if (found === undefined || target === undefined || attempts !== 'attempts') return { status: 404, body: {} };
    await post(target, found.guid, found.sent);
    return { status: 202, body: {} };
  }

  return {
    hooks,
    deliveries,
    async send(scenario, place, guid = randomUUID()) {
      const targets = hooks.filter(({ repo }) => repo === place.repo);
      return await Promise.all(
        targets.map((hook) => post(hook, guid, deliveryOf(hook.type, scenario, { place, secret: hook.secret, guid }))),
      );
    },
    async answer(call) {
      const found = placeOf(call.url.pathname);
      if (found === undefined) return undefined;
      if (!JSON.stringify(call.headers).includes(token) && !isBasic(call.headers.authorization, token))
        return { status: 401, body: { message: 'Bad credentials' } };
      const { type, repo, rest } = found;
      const [id, list, ...more] = rest;
      if (id === undefined) {
        if (call.method === 'POST') return save(type, repo, call, undefined);
        return listJson(type, call, hooks.filter((hook) => hook.repo === repo).map(hookJson));
      }
      const number = Number(id.replace(/[{}]/g, ''));
      return list === 'deliveries' ? await answerDeliveries(number, more, call) : answerHook(type, repo, number, call);
    },
  };
}

function placeOf(pathname: string) {
  for (const [type, pattern] of collections) {
    const groups = pattern.exec(pathname)?.groups;
    if (groups === undefined) continue;
    const { owner = '', name, rest = '' } = groups;
    const repo = decodeURIComponent(name === undefined ? owner : `${owner}/${name}`);
    return { type, repo, rest: rest.split('/').slice(1).map(decodeURIComponent) };
  }
  return undefined;
}

function isBasic(header: string | undefined, token: string): boolean {
  return header?.startsWith('Basic ') === true && Buffer.from(header.slice(6), 'base64').toString().includes(token);
}

function hookJson(hook: FakeHook): unknown {
  const { id, url, events } = hook;
  switch (hook.type) {
    case 'github':
      return {
        type: 'Repository',
        id,
        name: 'web',
        active: true,
        events,
        config: { url, content_type: 'json', insecure_ssl: '0', secret: '********' },
        created_at: '2026-01-01T00:00:00Z',
        updated_at: '2026-01-01T00:00:00Z',
        url: `https://api.github.com/repos/${hook.repo}/hooks/${id}`,
        test_url: `https://api.github.com/repos/${hook.repo}/hooks/${id}/test`,
        ping_url: `https://api.github.com/repos/${hook.repo}/hooks/${id}/pings`,
        last_response: { code: null, status: 'unused', message: null },
      };
    case 'gitlab':
      return { id, url, alert_status: 'executable', push_events: true };
    case 'gitea':
      return { id, type: 'gitea', active: true, events, config: { url, content_type: 'json' } };
    case 'bitbucket':
      return { uuid: `{${id}}`, url, active: true, events };
    case 'bitbucket-datacenter':
      return { id, name: 'sluice', url, active: true, events, configuration: {} };
  }
}

function listJson(type: ForgeType, call: FakeCall, items: readonly unknown[]): FakeAnswer {
  const sizes = { github: 'per_page', gitlab: 'per_page', gitea: 'limit', bitbucket: 'pagelen' } as const;
  if (type === 'bitbucket-datacenter') {
    const start = Number(call.url.searchParams.get('start') ?? 0);
    const isLastPage = start + 2 >= items.length;
    const values = items.slice(start, start + 2);
    return { status: 200, body: { values, isLastPage, nextPageStart: isLastPage ? null : start + 2 } };
  }
  const cut = cutPage(call, items, { maxPerPage: 2, sizeParameter: sizes[type] });
  if (type === 'bitbucket') return { status: 200, body: { values: cut.items, next: cut.next } };
  return { status: 200, headers: linkHeader(cut), body: cut.items };
}

function deliveryJson({ id, guid, at, status, event }: FakeDelivery): unknown {
  return {
    id,
    guid,
    delivered_at: new Date(at).toISOString(),
    redelivery: false,
    duration: 0.1,
    status: status === 0 ? 'failed to connect to host' : 'OK',
    status_code: status,
    event,
    action: null,
    installation_id: null,
    repository_id: null,
    throttled_at: null,
  };
}
