import { get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { heldBufferBytes } from './serve-http-memory.ts';
import { type Site, startSite } from './serve-http-site.ts';
import { someRun, textLog } from './serve-http-store.ts';

const megabyte = 1024 * 1024;

interface StreamEvent {
  readonly name: string;
  readonly id: string;
  // biome-ignore lint/suspicious/noExplicitAny: the shape is what the tests are about
  readonly data: any;
}

/** A stream of events as a browser reads it. */
async function listen(site: Site, path: string, headers: Record<string, string> = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = get(site.url + path, { headers, agent: false }, resolve).once('error', reject);
  onTestFinished(() => void request.destroy());
  const response = await promise;
  const events: StreamEvent[] = [];
  let rest = '';
  let ended = false;
  response.setEncoding('utf8');
  response.on('error', () => undefined);
  response.on('close', () => {
    ended = true;
  });
  response.on('data', (chunk: string) => {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
      if (field('data') !== '') events.push({ name: field('event'), id: field('id'), data: JSON.parse(field('data')) });
    }
  });
  return { events, response, isOver: () => ended, cut: () => request.destroy() };
}

/** What a browser shows after these events: the text of each line, by number. */
function shown(events: readonly StreamEvent[]): readonly string[] {
  const lines: string[] = [];
  let partial = false;
  for (const { name, data } of events) {
    if (name !== 'log') continue;
    if (partial) lines.pop();
    for (const [number, ...segments] of data.lines)
      lines.push(`${number}:${segments.map(([text]: [string]) => text).join('')}`);
    partial = data.partial;
  }
  return lines;
}

async function runningSite(start = '') {
  const site = await startSite({ access: { public: true } });
  site.store.all.runs.push(someRun({ id: '1', state: 'running', finishedAt: undefined }));
  return { site, log: textLog(site.store, '1', start, false) };
}

describe('a live log', () => {
  test('comes as it is written, line by line, and ends with its run', async () => {
    const { site, log } = await runningSite('one\n');
    const { events, response, isOver } = await listen(site, '/runs/1/events?from=0');
    expect(response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    });
    await expect.poll(() => shown(events)).toEqual(['1:one']);
    log.append('\x1b[31mtwo\nthree');
    await expect.poll(() => shown(events)).toEqual(['1:one', '2:two', '3:three']);
    expect(events.at(-1)?.data.lines).toEqual([
      [2, ['two', 'f1']],
      [3, ['three', 'f1']],
    ]);
    log.append(' and more\rdone\nfour');
    await expect.poll(() => shown(events)).toEqual(['1:one', '2:two', '3:done', '4:four']);
    log.end();
    await expect.poll(isOver).toBe(true);
    expect(shown(events)).toEqual(['1:one', '2:two', '3:done', '4:four']);
    expect(events.at(-1)?.name).toBe('end');
  });

  test('goes on after a cut connection where it was cut, with numbers and colours', async () => {
    const { site, log } = await runningSite('\x1b[32mone\ntwo\nthr');
    const first = await listen(site, '/runs/1/events?from=0');
    await expect.poll(() => shown(first.events)).toEqual(['1:one', '2:two', '3:thr']);
    first.cut();
    const { id } = first.events.at(-1) as StreamEvent;
    expect(id).toBe(String('\x1b[32mone\ntwo\n'.length));
    log.append('ee\nfour\n');
    const second = await listen(site, '/runs/1/events?from=0', { 'last-event-id': id });
    await expect.poll(() => shown(second.events)).toEqual(['3:three', '4:four']);
    expect(second.events[0]?.data.lines[0]).toEqual([3, ['three', 'f2']]);
  });

  test('is found to have grown also when nobody says so', async () => {
    const { site } = await runningSite();
    const { events } = await listen(site, '/runs/1/events');
    let content = Buffer.from('');
    site.store.logs.set('1', {
      ended: false,
      size: () => content.length,
      bytes: (offset, length) => content.subarray(offset, offset + length),
    });
    content = Buffer.from('quiet\n');
    await expect.poll(() => shown(events), { timeout: 10_000 }).toEqual(['1:quiet']);
  });

  test('of one that is far ahead, the end is sent and the rest left out', async () => {
    const line = `${'x'.repeat(99)}\n`;
    const { site, log } = await runningSite(line.repeat(50_000));
    const { events } = await listen(site, '/runs/1/events?from=0');
    log.append('the end\n');
    await expect.poll(() => shown(events).at(-1)).toBe('50001:the end');
    expect(events[0]?.data.skipped).toMatch(/MB$/);
    expect(shown(events).length).toBeLessThan(2000);
    const sent = JSON.stringify(events).length;
    expect(sent).toBeLessThan(megabyte);
  });

  test('that another attempt begins anew makes the page load again', async () => {
    const { site } = await runningSite('a long first attempt\n');
    const { events, isOver } = await listen(site, '/runs/1/events?from=0');
    await expect.poll(() => events.length).toBe(1);
    textLog(site.store, '1', 'new\n', false);
    site.store.changed({ kind: 'log', id: '1' });
    await expect.poll(isOver).toBe(true);
    expect(events.at(-1)?.name).toBe('restart');
  });

  test('of a line without an end is sent in pieces', async () => {
    const { site, log } = await runningSite('x'.repeat(200_000));
    const { events, isOver } = await listen(site, '/runs/1/events?from=0');
    log.end();
    await expect.poll(isOver).toBe(true);
    expect(events.at(-1)).toMatchObject({ name: 'end', id: '200000' });
    expect(shown(events).every((text) => text.startsWith('1:'))).toBe(true);
  });

  test.each(['-5', '1e3', 'abc', '999999999999999999999', ''])('a cursor of %j is no cursor', async (id) => {
    const { site, log } = await runningSite('one\n');
    const { events } = await listen(site, '/runs/1/events', { 'last-event-id': id });
    log.append('two\n');
    await expect.poll(() => shown(events)).toEqual(['1:one', '2:two']);
  });

  test('of a run without one is 404; more streams than allowed are 503', async () => {
    const site = await startSite({ access: { public: true }, limits: { streams: 1 } });
    expect((await fetch(`${site.url}/runs/1/events`)).status).toBe(404);
    const first = await listen(site, '/events');
    const refused = await fetch(`${site.url}/events`);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '10']);
    first.cut();
    await expect.poll(async () => (await listen(site, '/events')).response.statusCode).toBe(200);
  });

  test('whose browsers are gone are read no more', async () => {
    const { site } = await runningSite('one\n');
    let reads = 0;
    site.store.logs.set('1', {
      ended: false,
      size: () => {
        reads++;
        return 4;
      },
      bytes: () => Buffer.from('one\n'),
    });
    const { events, cut } = await listen(site, '/runs/1/events');
    await expect.poll(() => events.length).toBe(1);
    cut();
    // A reader would look again at least every second: it has stopped when two looks in a row found nothing new.
    let before = -1;
    await expect
      .poll(
        () => {
          const same = reads === before;
          before = reads;
          return same;
        },
        { interval: 2500, timeout: 20_000 },
      )
      .toBe(true);
  });
});

describe('changes', () => {
  test('are told once for many, and what happened since the page was made at once', async () => {
    let now = 1000;
    const site = await startSite({ access: { public: true }, now: () => now });
    const { events } = await listen(site, '/events?since=1000');
    await expect.poll(() => site.store.readers()).toBe(1);
    for (let index = 0; index < 500; index++) site.store.changed({ kind: 'run', id: String(index) });
    now = 2000;
    site.store.changed({ kind: 'delivery', id: 'd' });
    await expect.poll(() => events.length, { timeout: 5000 }).toBe(1);
    expect(events[0]).toMatchObject({ name: 'change' });
    const late = await listen(site, '/events?since=1500');
    await expect.poll(() => late.events.length, { timeout: 5000 }).toBe(1);
    const fresh = await listen(site, '/events?since=2500');
    site.store.changed({ kind: 'log', id: '1' });
    site.store.changed({ kind: 'run', id: '1' });
    await expect.poll(() => fresh.events.length, { timeout: 5000 }).toBe(1);
  });
});

describe('a log of 100 MB', () => {
  const line = Buffer.from(`${'all work and no play '.repeat(4)}\n`);

  function bigSite(site: Site) {
    const size = Math.floor((100 * megabyte) / line.length) * line.length;
    site.store.all.runs.push(someRun({ id: '1' }));
    const repeated = Buffer.alloc(2 * megabyte, line);
    let furthest = 0;
    site.store.logs.set('1', {
      ended: true,
      size: () => size,
      bytes: (offset, length) => {
        const start = offset % line.length;
        furthest = Math.max(furthest, offset + length);
        return Buffer.from(repeated.subarray(start, start + length));
      },
    });
    return { lines: size / line.length, readUpTo: () => furthest };
  }

  test('is shown by its end, its beginning and any line, in pages of bounded size', async () => {
    const site = await startSite({ access: { public: true } });
    const { lines } = bigSite(site);
    let highest = 0;
    for (const [query, wanted] of [
      ['', lines],
      ['?part=0', 1],
      [`?line=${Math.floor(lines / 2)}`, Math.floor(lines / 2)],
      ['?part=400', undefined],
    ] as const) {
      const page = await (await fetch(`${site.url}/runs/1${query}`)).text();
      highest = Math.max(highest, await heldBufferBytes());
      expect(page.length).toBeLessThan(2 * megabyte);
      if (wanted !== undefined) expect(page).toContain(`id="L${wanted}"`);
      expect(page).toContain('of 105 MB');
    }
    expect(highest).toBeLessThan(30 * megabyte);
  });

  test('is downloaded whole without being held', async () => {
    const site = await startSite({ access: { public: true } });
    const { readUpTo } = bigSite(site);
    const answer = await fetch(`${site.url}/runs/1/log`);
    expect(answer.headers.get('content-type')).toBe('text/plain; charset=utf-8');
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="run-1.log"');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    let length = 0;
    let nextPause = 0;
    let furthestAhead = 0;
    for await (const chunk of answer.body ?? []) {
      length += chunk.length;
      furthestAhead = Math.max(furthestAhead, readUpTo() - length);
      if (length < nextPause) continue;
      nextPause += 10 * megabyte;
      // A slow reader must not make the server read on.
      await sleep(100);
    }
    expect(length).toBe(site.store.logs.get('1')?.size());
    // The buffers of both sides and of the kernel between them.
    expect(furthestAhead).toBeLessThan(30 * megabyte);
  });
});

describe('a download', () => {
  test('is the log byte for byte, but for secrets', async () => {
    new Secret('canary-in-the-log');
    const { site } = await runningSite();
    const bytes = Buffer.concat([Buffer.from([0, 255, 10, 195, 40]), Buffer.from('a canary-in-the-log b')]);
    textLog(site.store, '1', bytes, true);
    const whole = Buffer.from(await (await fetch(`${site.url}/runs/1/log`)).arrayBuffer());
    expect(whole).toEqual(Buffer.concat([Buffer.from([0, 255, 10, 195, 40]), Buffer.from('a [secret] b')]));
    const rest = await fetch(`${site.url}/api/v1/jobs/1/log?from=5`);
    expect(await rest.text()).toBe('a [secret] b');
    expect([rest.headers.get('x-log-size'), rest.headers.get('x-log-ended')]).toEqual([String(bytes.length), 'true']);
  });

  test('has a name that cannot break the header', async () => {
    const site = await startSite({ access: { public: true } });
    const id = 'a"; filename="evil.html\r\n';
    textLog(site.store, id, 'x', true);
    const answer = await fetch(`${site.url}/runs/${encodeURIComponent(id)}/log`);
    expect(answer.headers.get('content-disposition')).toBe('attachment; filename="run-a___filename__evil.html__.log"');
  });
});
