import { describe, expect, test } from 'vitest';
import { SluiceError } from '../../src/core/errors.ts';
import { Secret } from '../../src/core/secret.ts';
import { openMetrics } from '../../src/core/serve/http/metrics.ts';
import { startSite } from './serve-http-site.ts';
import { someDelivery, someRun } from './serve-http-store.ts';

async function publicSite() {
  const site = await startSite({ access: { public: true } });
  const json = async (path: string) => (await (await fetch(site.url + path)).json()) as Record<string, unknown>;
  return { ...site, json };
}

describe('jobs', () => {
  test('are listed newest first, filtered, page by page', async () => {
    const site = await publicSite();
    for (let id = 120; id > 0; id--)
      site.store.all.runs.push(
        someRun({
          id: String(id),
          branch: id % 2 === 0 ? 'main' : 'feature/x',
          state: id % 3 === 0 ? 'failure' : 'success',
        }),
      );
    const ids = (answer: Record<string, unknown>) => (answer.items as { id: string }[]).map(({ id }) => id);
    const first = await site.json('/api/v1/jobs?branch=main&limit=10');
    expect(ids(first)).toEqual(['120', '118', '116', '114', '112', '110', '108', '106', '104', '102']);
    const second = await site.json(`/api/v1/jobs?branch=main&limit=10&before=${first.next}`);
    expect(ids(second)[0]).toBe('100');
    expect(ids(await site.json('/api/v1/jobs?state=failure,error&branch=main&limit=2'))).toEqual(['120', '114']);
    expect(ids(await site.json('/api/v1/jobs'))).toHaveLength(50);
    expect(ids(await site.json('/api/v1/jobs?limit=100000'))).toHaveLength(120);
    expect(ids(await site.json('/api/v1/jobs?limit=-1&state=nonsense&branch='))).toHaveLength(50);
    expect(await site.json('/api/v1/jobs?limit=200')).not.toHaveProperty('next');
  });

  test('have times that everybody reads, and no secrets', async () => {
    const site = await publicSite();
    new Secret('canary-in-a-line');
    site.store.all.runs.push(someRun({ id: '1', lastLine: 'it is canary-in-a-line', attempt: 2 }));
    expect(await site.json('/api/v1/jobs/1')).toMatchObject({
      id: '1',
      queuedAt: '2025-11-21T04:40:00.000Z',
      lastLine: 'it is [secret]',
      attempt: 2,
    });
    const page = await (await fetch(`${site.url}/runs/1`)).text();
    expect(page).toContain('it is [secret]');
    expect(page).not.toContain('canary');
    expect(await site.json('/api/v1/jobs/2')).toEqual({ error: 'there is no such entry' });
  });
});

test('deliveries, repositories, sources and the queue', async () => {
  const site = await publicSite();
  site.store.all.deliveries.push(someDelivery({ guid: 'a/b c', result: 'ignored' }), someDelivery({ guid: 'd-2' }));
  site.store.all.queue.push({ kind: 'mirror', state: 'dead', count: 3, oldestMs: 1500 });
  expect(await site.json('/api/v1/deliveries?result=ignored')).toMatchObject({ items: [{ guid: 'a/b c' }] });
  expect(await site.json('/api/v1/deliveries/a%2Fb%20c')).toMatchObject({ guid: 'a/b c', bodyKept: true });
  expect(await site.json('/api/v1/repositories')).toEqual({ items: [] });
  expect(await site.json('/api/v1/sources')).toEqual({ items: ['acme-app'] });
  expect(await site.json('/api/v1/queue')).toEqual({
    items: [{ kind: 'mirror', state: 'dead', count: 3, oldestMs: 1500 }],
  });
  expect(await (await fetch(`${site.url}/runs`)).text()).toContain('<span class="count">3</span>');
});

describe('a store that fails', () => {
  test('is not ready, and says on pages only what people may know', async () => {
    const site = await publicSite();
    expect((await fetch(`${site.url}/readyz`)).status).toBe(200);
    site.store.failure = new SluiceError('unavailable', 'the disk of the store is full');
    const ready = await fetch(`${site.url}/readyz`);
    expect([ready.status, await ready.json()]).toEqual([
      503,
      { status: 'unavailable', error: 'the store cannot be written' },
    ]);
    const page = await fetch(`${site.url}/runs`, { headers: { accept: 'text/html' } });
    expect(page.status).toBe(503);
    expect(await page.text()).toContain('The disk of the store is full.');
    site.store.failure = new Error('SQLITE_MISUSE at /var/lib/x');
    const broken = await fetch(`${site.url}/api/v1/jobs`);
    expect([broken.status, await broken.json()]).toEqual([
      500,
      { error: 'something broke in sluice; its log says what' },
    ]);
    expect((await fetch(`${site.url}/healthz`)).status).toBe(200);
  });
});

describe('metrics', () => {
  test('count what they are told', async () => {
    const metrics = await openMetrics('1.2.3');
    metrics.delivery('acme', 'accepted', 0.002);
    metrics.job('script', 'failure', 12);
    metrics.forgeRequest('gh', 200);
    metrics.forgeRequest('gh', 0);
    metrics.job('mirror', 'success', -3600);
    metrics.rateLimit('gh', 'core', 4711);
    metrics.rateLimit('gh', 'graphql', 12);
    metrics.rateLimit('lab', undefined, 7);
    metrics.git('fetch', 'success', 0.3);
    const { text, type } = await metrics.exposition([{ kind: 'mirror', state: 'queued', count: 2, oldestMs: 5000 }]);
    expect(type).toMatch(/^text\/plain/);
    for (const line of [
      'sluice_build{version="1.2.3"} 1',
      'sluice_deliveries_total{source="acme",result="accepted"} 1',
      'sluice_delivery_answer_seconds_bucket{le="0.0025",source="acme"} 1',
      'sluice_job_seconds_sum{kind="script",state="failure"} 12',
      'sluice_forge_requests_total{forge="gh",status="200"} 1',
      'sluice_forge_requests_total{forge="gh",status="0"} 1',
      'sluice_job_seconds_sum{kind="mirror",state="success"} 0',
      'sluice_forge_rate_limit_remaining{forge="gh",resource="core"} 4711',
      'sluice_forge_rate_limit_remaining{forge="gh",resource="graphql"} 12',
      'sluice_forge_rate_limit_remaining{forge="lab"} 7',
      'sluice_git_seconds_count{operation="fetch",result="success"} 1',
      'sluice_queue_jobs{kind="mirror",state="queued"} 2',
      'sluice_queue_oldest_seconds{kind="mirror",state="queued"} 5',
    ])
      expect(text.split('\n')).toContain(line);
  });

  test('forget a queue that is empty again, and are not shared', async () => {
    const [one, other] = [await openMetrics('1'), await openMetrics('2')];
    await one.exposition([{ kind: 'mirror', state: 'queued', count: 2, oldestMs: 5000 }]);
    expect((await one.exposition([])).text).not.toContain('kind="mirror"');
    one.forgeRequest('gh', 200);
    expect((await other.exposition([])).text).not.toContain('forge="gh"');
  });
});
