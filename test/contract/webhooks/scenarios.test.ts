import { describe, expect, test } from 'vitest';
import { bitbucket } from '../../../src/core/forges/bitbucket/index.ts';
import { bitbucketDatacenter } from '../../../src/core/forges/bitbucket-datacenter/index.ts';
import type { ForgeModule } from '../../../src/core/forges/definition.ts';
import type { ForgeType } from '../../../src/core/forges/forge.ts';
import { gitea } from '../../../src/core/forges/gitea/index.ts';
import { github } from '../../../src/core/forges/github/index.ts';
import { gitlab } from '../../../src/core/forges/gitlab/index.ts';
import type { WebhooksRole } from '../../../src/core/forges/webhooks-role.ts';
import type { ForgeEvent } from '../../../src/core/model/event.ts';
import { Secret } from '../../../src/core/secret.ts';
import type { Scenario, ScenarioPlace } from '../../support/deliveries/scenario.ts';
import { deliveryOf } from '../../support/deliveries/sign.ts';

const webUrl = 'https://forge.example';
const place: ScenarioPlace = { repo: 'ACME/app', webUrl, actor: 'octocat' };
const oid = (digit: string) => digit.repeat(40);

const modules: Readonly<Record<ForgeType, ForgeModule>> = {
  github,
  gitlab,
  gitea,
  bitbucket,
  'bitbucket-datacenter': bitbucketDatacenter,
};

function roleOf(type: ForgeType): WebhooksRole {
  const { webhooks } = modules[type].create({ alias: 'it', webUrl }, {});
  if (webhooks === undefined) throw new Error(`${type} has no webhooks`);
  return webhooks;
}

/** One meaning for all; what a forge's payload cannot say is listed by forge, with the reason beside it. */
interface Golden {
  readonly name: string;
  readonly scenario: Scenario;
  readonly means: Readonly<Record<string, unknown>>;
  readonly but?: Partial<Readonly<Record<ForgeType, Readonly<Record<string, unknown>>>>>;
}

const change = { number: 7, headRepo: 'STRANGER/app', headBranch: 'fix/it', headSha: oid('c'), title: 'Fix <it>' };

function changeMeans(action: string, state: string, head: Readonly<Record<string, unknown>>, internal: boolean) {
  return {
    kind: 'change',
    repo: 'ACME/app',
    action,
    change: {
      number: 7,
      title: 'Fix <it>',
      state,
      draft: false,
      head,
      base: { repo: 'ACME/app', branch: 'main' },
      internal,
    },
    by: { login: 'octocat' },
  };
}

// Bitbucket Cloud abbreviates the hashes of pull requests.
const strangersHead = { repo: 'STRANGER/app', branch: 'fix/it', sha: oid('c') };

function whole(
  scenario: Scenario,
  action: string,
  state: string,
  internal = false,
  head: object = strangersHead,
): Golden {
  const means = changeMeans(action, state, { ...head }, internal);
  const abbreviated = { ...means, change: { ...means.change, head: { ...head, sha: undefined } } };
  return { name: `a change request ${action}`, scenario, means, but: { bitbucket: abbreviated } };
}

const opened = whole({ kind: 'change', action: 'opened', change }, 'opened', 'open');
const reopened = whole({ kind: 'change', action: 'reopened', change }, 'reopened', 'open');
const edited = whole({ kind: 'change', action: 'edited', change }, 'edited', 'open');
const orphan = { ...change, headRepo: undefined };
const own = { ...change, headRepo: 'ACME/app' };

const goldens: readonly Golden[] = [
  {
    name: 'a moved branch',
    scenario: { kind: 'push', ref: 'refs/heads/feature/x', before: oid('a'), after: oid('b') },
    means: {
      kind: 'push',
      repo: 'ACME/app',
      ref: 'refs/heads/feature/x',
      before: oid('a'),
      after: oid('b'),
      by: { login: 'octocat' },
    },
  },
  {
    name: 'a new branch',
    scenario: { kind: 'push', ref: 'refs/heads/new', after: oid('b') },
    means: { kind: 'push', ref: 'refs/heads/new', before: undefined, after: oid('b') },
  },
  {
    name: 'a deleted branch',
    scenario: { kind: 'push', ref: 'refs/heads/gone', before: oid('a') },
    means: { kind: 'push', ref: 'refs/heads/gone', after: undefined },
  },
  {
    name: 'a new tag',
    scenario: { kind: 'push', ref: 'refs/tags/v1.0', after: oid('b') },
    means: { kind: 'push', ref: 'refs/tags/v1.0', before: undefined, after: oid('b') },
  },
  {
    name: 'a ref whose name git could not hold',
    scenario: { kind: 'push', ref: 'refs/heads/a..b', after: oid('b') },
    means: { kind: 'ignored', reason: expect.stringContaining('..') },
  },
  opened,
  whole({ kind: 'change', action: 'updated', change }, 'updated', 'open'),
  {
    ...reopened,
    // It says "updated" of everything, and never reopens.
    but: { bitbucket: { ...reopened.but?.bitbucket, action: 'updated' } },
  },
  { ...edited, but: { bitbucket: { ...edited.but?.bitbucket, action: 'updated' } } },
  whole({ kind: 'change', action: 'closed', change }, 'closed', 'closed'),
  whole({ kind: 'change', action: 'merged', change }, 'merged', 'merged'),
  {
    ...whole({ kind: 'change', action: 'closed', change: orphan }, 'closed', 'closed', false, {
      ...strangersHead,
      repo: undefined,
    }),
    name: 'a change request closed after its fork was deleted',
  },
  {
    ...whole({ kind: 'change', action: 'opened', change: own }, 'opened', 'open', true, {
      ...strangersHead,
      repo: 'ACME/app',
    }),
    name: 'a change request of the repository itself',
  },
  {
    name: 'a review',
    scenario: { kind: 'endorsement', what: 'review', number: 7 },
    means: { kind: 'endorsement', repo: 'ACME/app', number: 7, what: 'review', by: { login: 'octocat' } },
  },
  {
    name: 'a comment',
    scenario: { kind: 'endorsement', what: 'comment', number: 7 },
    means: { kind: 'endorsement', repo: 'ACME/app', number: 7, what: 'comment' },
  },
  {
    name: 'a label',
    scenario: { kind: 'endorsement', what: 'label', number: 7 },
    means: { kind: 'endorsement', repo: 'ACME/app', number: 7, what: 'label' },
    // Neither has labels on pull requests.
    but: { bitbucket: { kind: 'endorsement' }, 'bitbucket-datacenter': { kind: 'endorsement' } },
  },
  {
    name: 'a check that succeeded',
    scenario: { kind: 'check', sha: oid('d'), branch: 'main', name: 'unit', state: 'success' },
    means: { kind: 'check', repo: 'ACME/app', sha: oid('d'), state: 'success', name: 'unit', url: `${webUrl}/ci/4` },
    but: {
      gitlab: { kind: 'check', sha: oid('d'), state: 'success', name: 'pipeline' },
      'bitbucket-datacenter': { kind: 'ignored' },
    },
  },
  {
    name: 'a check that runs',
    scenario: { kind: 'check', sha: oid('d'), branch: 'main', name: 'unit', state: 'running' },
    means: { kind: 'check', sha: oid('d'), state: 'running' },
    // Its commit statuses do not tell running from pending.
    but: { gitea: { kind: 'check', state: 'pending' }, 'bitbucket-datacenter': { kind: 'ignored' } },
  },
  {
    name: 'a check that failed',
    scenario: { kind: 'check', sha: oid('d'), branch: 'main', name: 'unit', state: 'failure' },
    means: { kind: 'check', sha: oid('d'), state: 'failure' },
    but: { 'bitbucket-datacenter': { kind: 'ignored' } },
  },
  {
    name: "the forge's test delivery",
    scenario: { kind: 'ping' },
    means: { kind: 'ping' },
    // They send an ordinary event.
    but: { gitlab: { kind: 'ignored' }, gitea: { kind: 'ignored' }, bitbucket: { kind: 'ignored' } },
  },
];

describe.each(Object.keys(modules) as ForgeType[])('deliveries of %s', (type) => {
  const role = roleOf(type);
  const secret = 'a secret of this webhook';

  test.each(goldens)('$name', ({ scenario, means, but }) => {
    const { headers, body } = deliveryOf(type, scenario, { place, secret, guid: 'guid-1' });
    const name = role.name(headers);
    expect(name).toMatchObject({ guid: 'guid-1' });
    expect(role.isAuthentic(headers, body, [new Secret('another one'), new Secret(secret)])).toBe(true);
    const events: readonly ForgeEvent[] = role.decode(name?.event ?? '', body);
    expect(events).toEqual([expect.objectContaining(asymmetric(but?.[type] ?? means))]);
  });

  test('are not taken for those of another forge', () => {
    for (const other of Object.keys(modules) as ForgeType[]) {
      if (other === type) continue;
      const { headers } = deliveryOf(other, { kind: 'push', ref: 'refs/heads/x', after: oid('a') }, { place, secret });
      expect(role.name(headers), `headers of ${other}`).toBeUndefined();
    }
  });

  test('that are no payload are refused without repeating them', () => {
    const { headers } = deliveryOf(type, goldens[0]?.scenario ?? { kind: 'ping' }, { place, secret });
    const event = role.name(headers)?.event ?? '';
    for (const text of ['', 'canary-text', '{"canary', '[]', 'null', '{}', '"x"', '\xff\xfe', 'payload=canary']) {
      expect(() => role.decode(event, Buffer.from(text, 'latin1'))).toThrow(
        expect.objectContaining({ code: 'usage', message: expect.not.stringContaining('canary') }),
      );
    }
  });
});

/** Nested objects may have more than is expected. */
function asymmetric(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      isPlain(inner) ? expect.objectContaining(asymmetric(inner)) : inner,
    ]),
  );
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
