import { randomUUID } from 'node:crypto';
import type { ForgeType } from '../../../src/core/forges/forge.ts';
import { bitbucketPayload } from './bitbucket.ts';
import { datacenterPayload } from './bitbucket-datacenter.ts';
import { giteaPayload } from './gitea.ts';
import { githubPayload } from './github.ts';
import { gitlabPayload } from './gitlab.ts';
import { type Delivery, hmacHex, type PayloadBuilder, type Scenario, type ScenarioPlace } from './scenario.ts';

export const payloadBuilders: Readonly<Record<ForgeType, PayloadBuilder>> = {
  github: githubPayload,
  gitlab: gitlabPayload,
  gitea: giteaPayload,
  bitbucket: bitbucketPayload,
  'bitbucket-datacenter': datacenterPayload,
};

/** What this forge would send, signed with the secret; the same `guid` again is a redelivery. */
export function deliveryOf(
  type: ForgeType,
  scenario: Scenario,
  {
    place,
    secret,
    guid = randomUUID(),
  }: { readonly place: ScenarioPlace; readonly secret: string; readonly guid?: string },
): Delivery {
  const { event, body: payload } = payloadBuilders[type](scenario, place);
  const body = Buffer.from(JSON.stringify(payload));
  return { headers: { 'content-type': 'application/json', ...headersOf(type, event, guid, body, secret) }, body };
}

/** The headers that a forge puts on these bytes. */
export function headersOf(
  type: ForgeType,
  event: string,
  guid: string,
  body: Uint8Array,
  secret: string,
): Readonly<Record<string, string>> {
  const hex = hmacHex(body, secret);
  switch (type) {
    case 'github':
      return { 'x-github-event': event, 'x-github-delivery': guid, 'x-hub-signature-256': `sha256=${hex}` };
    case 'gitea':
      return {
        'x-gitea-event': event,
        'x-gitea-delivery': guid,
        'x-gitea-signature': hex,
        'x-github-event': event,
        'x-gogs-event': event,
        'x-hub-signature-256': `sha256=${hex}`,
      };
    case 'gitlab':
      return { 'x-gitlab-event': event, 'idempotency-key': guid, 'x-gitlab-token': secret };
    case 'bitbucket':
      return { 'x-event-key': event, 'x-request-uuid': guid, 'x-hook-uuid': '{1}', 'x-hub-signature': `sha256=${hex}` };
    case 'bitbucket-datacenter':
      return { 'x-event-key': event, 'x-request-id': guid, 'x-hub-signature': `sha256=${hex}` };
  }
}
