import { describe, expect, test } from 'vitest';
import { Secret } from '../../src/core/secret.ts';
import { type Site, type SiteOptions, startSite } from '../contract/serve-http-site.ts';
import { someDelivery, someRun, textLog } from '../contract/serve-http-store.ts';
import { hasBrowser, useBrowser } from './serve-pages-browser.ts';
import { fillStore } from './serve-pages-scene.ts';

const httpCredentials = { username: 'ann', password: 'swordfish' };
const access = { basic: { username: 'ann', password: new Secret('swordfish') } };

async function filledSite(options: SiteOptions = { access: { public: true } }): Promise<Site> {
  const site = await startSite(options);
  fillStore(site.store, Date.now());
  return site;
}

describe.skipIf(!hasBrowser())('pages in a browser', () => {
  const open = useBrowser();

  describe('a live log', () => {
    test('grows by itself, shows that the run has ended, and offers to retry', async () => {
      const site = await startSite({ access });
      site.store.all.runs.push(someRun({ id: '1', state: 'running', finishedAt: undefined }));
      const log = textLog(site.store, '1', 'first\n', false);
      const { page, faults } = await open({ httpCredentials });
      await page.goto(`${site.url}/runs/1`);
      await page.getByText('Live', { exact: true }).waitFor();
      log.append('\x1b[1;31msecond\x1b[0m <b>is</b> here\nthi');
      await page.locator('#L3').getByText('thi').waitFor();
      log.append('rd\n');
      await page.locator('#L3').getByText('third', { exact: true }).waitFor();
      expect(await page.locator('#L2 span.f1.b').textContent()).toBe('second');
      expect(await page.locator('#L2').innerText()).toContain('<b>is</b>');
      expect(await page.locator('.lines li').count()).toBe(3);
      site.store.replaceRun('1', { state: 'failure', finishedAt: Date.now(), lastLine: 'third' });
      log.end();
      await page.getByText('The run has ended').waitFor();
      await page.getByRole('button', { name: 'Retry run #1' }).waitFor();
      expect(await page.locator('#run .state').textContent()).toContain('Failure');
      expect(await page.title()).toContain('Failure');
      expect(faults).toEqual([]);
    });

    test('survives a server that goes and comes back, without a line lost or doubled', async () => {
      const site = await startSite({ access: { public: true } });
      site.store.all.runs.push(someRun({ id: '1', state: 'running', finishedAt: undefined }));
      const log = textLog(site.store, '1', 'one\ntwo\nthr', false);
      const { page } = await open();
      await page.goto(`${site.url}/runs/1`);
      await page.getByText('Live', { exact: true }).waitFor();
      const { port } = site.server;
      await site.server.close();
      await page.getByText('Connection lost').waitFor();
      log.append('ee\nfour\n');
      const again = await startSite({ access: { public: true }, listen: `127.0.0.1:${port}` });
      again.store.all.runs.push(...site.store.all.runs);
      for (const [id, entry] of site.store.logs) again.store.logs.set(id, entry);
      await page.locator('#L4').getByText('four').waitFor();
      expect(await page.locator('.lines li > span').allTextContents()).toEqual(['one', 'two', 'three', 'four']);
    });

    test('keeps its end in sight when told to, and stops when the reader scrolls up', async () => {
      const site = await startSite({ access: { public: true } });
      site.store.all.runs.push(someRun({ id: '1', state: 'running', finishedAt: undefined }));
      const log = textLog(site.store, '1', 'line\n'.repeat(200), false);
      const { page } = await open();
      await page.goto(`${site.url}/runs/1`);
      await page.getByRole('button', { name: 'Follow the end' }).click();
      log.append('line\n'.repeat(200));
      const atEnd = () => page.evaluate('innerHeight + scrollY >= document.documentElement.scrollHeight - 5');
      await page.locator('#L400').waitFor();
      await expect.poll(atEnd).toBe(true);
      await page.keyboard.press('PageUp');
      await page.getByRole('button', { name: 'Follow the end' }).waitFor();
      log.append('line\n'.repeat(200));
      await page.locator('#L600').waitFor({ state: 'attached' });
      expect(await atEnd()).toBe(false);
    });

    test('appears on the page of a run that was waiting in the queue', async () => {
      const site = await startSite({ access: { public: true } });
      site.store.all.runs.push(someRun({ id: '1', state: 'queued', startedAt: undefined, finishedAt: undefined }));
      const { page } = await open();
      const streaming = page.waitForRequest(/\/events/);
      await page.goto(`${site.url}/runs/1`);
      await page.getByText('the run has not started').waitFor();
      await streaming;
      textLog(site.store, '1', 'begun\n', false);
      site.store.replaceRun('1', { state: 'running', startedAt: Date.now() });
      await page.locator('#L1').getByText('begun').waitFor();
    });
  });

  describe('lines have addresses', () => {
    test('a click marks the line and puts it into the address bar', async () => {
      const site = await filledSite();
      const { page } = await open();
      await page.goto(`${site.url}/runs/210`);
      await page.getByRole('link', { name: 'Line 5', exact: true }).click();
      expect(page.url()).toBe(`${site.url}/runs/210#L5`);
      expect(await page.locator(':target').getAttribute('id')).toBe('L5');
    });

    test('one that lies in another part of a long log is found, with a script and without', async () => {
      const site = await startSite({ access: { public: true } });
      site.store.all.runs.push(someRun({ id: '1' }));
      textLog(
        site.store,
        '1',
        Array.from({ length: 30_000 }, (_, index) => `this is line ${index + 1}\n`).join(''),
        true,
      );
      const scripted = await open();
      await scripted.page.goto(`${site.url}/runs/1#L123`);
      await scripted.page.locator('#L123').getByText('this is line 123', { exact: true }).waitFor();
      expect(scripted.page.url()).toContain('?line=123#L123');
      const plain = await open({ javaScriptEnabled: false });
      await plain.page.goto(`${site.url}/runs/1`);
      await plain.page.getByRole('link', { name: 'Beginning' }).first().click();
      await plain.page.getByRole('link', { name: 'Line 7', exact: true }).click();
      expect(plain.page.url()).toBe(`${site.url}/runs/1?line=7#L7`);
      expect(await plain.page.locator(':target').textContent()).toBe('this is line 7');
    });
  });

  describe('lists', () => {
    test('are brought up to date, and the focus stays where it was', async () => {
      const site = await filledSite();
      const { page, faults } = await open();
      const streaming = page.waitForRequest(/\/events/);
      await page.goto(`${site.url}/runs`);
      await streaming;
      await page.getByRole('link', { name: /#210/ }).focus();
      site.store.replaceRun('214', { state: 'success', finishedAt: Date.now() });
      await page.locator('.state.running').waitFor({ state: 'detached' });
      expect(await page.evaluate('document.activeElement.getAttribute("href")')).toBe('/runs/210');
      expect(faults).toEqual([]);
    });

    test('are filtered by a form that also works by keyboard', async () => {
      const site = await filledSite();
      const { page } = await open();
      await page.goto(`${site.url}/runs`);
      await page.keyboard.press('Tab');
      expect(await page.evaluate('document.activeElement.textContent')).toBe('Skip to the content');
      await page.getByLabel('Branch').fill('main');
      await page.getByLabel('State').selectOption('failure');
      await page.getByLabel('Branch').press('Enter');
      await page.waitForURL(/branch=main&state=failure/);
      expect(await page.locator('.list tbody tr').count()).toBe(1);
      await page.getByRole('link', { name: 'Clear' }).click();
      await expect.poll(async () => await page.locator('.list tbody tr').count()).toBe(site.store.all.runs.length);
    });

    test('go on to older entries and back', async () => {
      const site = await startSite({ access: { public: true } });
      for (let id = 120; id > 0; id--) site.store.all.runs.push(someRun({ id: String(id) }));
      const { page } = await open({ javaScriptEnabled: false });
      await page.goto(`${site.url}/runs`);
      await page.getByRole('link', { name: 'Older' }).click();
      await page.getByRole('link', { name: 'Older' }).click();
      expect(await page.locator('.list tbody tr').count()).toBe(20);
      expect(await page.getByRole('link', { name: 'Older' }).count()).toBe(0);
      await page.getByRole('link', { name: 'Newest' }).click();
      expect(await page.locator('.list tbody a').first().textContent()).toContain('#120');
    });
  });

  test('buttons work with and without a script', async () => {
    const site = await filledSite({ access });
    for (const javaScriptEnabled of [true, false]) {
      const { page } = await open({ httpCredentials, javaScriptEnabled });
      await page.goto(`${site.url}/runs/210`);
      await page.getByRole('button', { name: 'Retry run #210' }).click();
      await page.getByText('The run is in the queue again.').waitFor();
      await page.goto(`${site.url}/deliveries/0b0c3a10-c6af-11f0-9f42-4f3c6c1e9a55`);
      await page.getByRole('button', { name: 'Replay this delivery' }).click();
      await page.getByText('The delivery is handled again').waitFor();
    }
    const asked = ['retry 210 by ann', 'replay 0b0c3a10-c6af-11f0-9f42-4f3c6c1e9a55 by ann'];
    expect(site.store.asked).toEqual([...asked, ...asked]);
  });

  test('a page of another site cannot press them', async () => {
    const site = await filledSite({ access });
    const { page } = await open({ httpCredentials });
    await page.goto(`${site.url}/runs/210`);
    await page.route('http://evil.example/', async (route) => {
      const body = `<form method="post" action="${site.url}/runs/210/retry"><button>Win</button></form>`;
      await route.fulfill({ contentType: 'text/html', body });
    });
    await page.goto('http://evil.example/');
    const refused = page.waitForResponse(/retry$/);
    await page.getByRole('button').click();
    expect((await refused).status()).toBe(403);
    expect(site.store.asked).toEqual([]);
  });

  describe('without JavaScript', () => {
    test('every page is there, and that of a running one loads itself again', async () => {
      const site = await filledSite();
      const { page } = await open({ javaScriptEnabled: false });
      for (const [path, heading] of [
        ['/runs', 'Runs'],
        ['/runs/214', 'unit #214'],
        ['/deliveries', 'Deliveries'],
        ['/deliveries/0b0c3a10-c6af-11f0-9f42-4f3c6c1e9a55', 'pull_request'],
        ['/repositories', 'Repositories'],
        ['/dead-letters', 'Dead letters'],
      ] as const) {
        await page.goto(site.url + path);
        expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe(heading);
      }
      const running = await (await fetch(`${site.url}/runs/214`)).text();
      expect(running).toContain('<noscript><meta http-equiv="refresh" content="10"></noscript>');
      expect(await (await fetch(`${site.url}/runs/210`)).text()).not.toContain('http-equiv="refresh"');
    });
  });

  test('hostile names, titles, headers, bodies and output stay text', async () => {
    const attack = (what: string) =>
      `"'><img src=x onerror="document.title='${what}'"><script>document.title='${what}';alert('${what}')</script><svg/onload=alert(1)>\u202e{{${what}}}`;
    const site = await startSite({ access });
    const hostile = someRun({
      id: '66',
      name: attack('name'),
      repo: attack('repo'),
      branch: attack('branch'),
      ref: attack('ref'),
      event: attack('event'),
      kind: attack('kind'),
      state: 'running',
      finishedAt: undefined,
      sha: attack('sha'),
      commitUrl: `javascript:alert('commit')`,
      change: { number: 1, title: attack('title'), url: `javascript:alert('url')`, word: attack('word') },
      lastLine: attack('line'),
      detail: attack('detail'),
      delivery: attack('guid'),
      supersededBy: attack('super'),
    });
    site.store.all.runs.push(hostile, { ...hostile, id: '67', change: undefined, state: 'failure', dead: true });
    site.store.all.deliveries.push(
      someDelivery({
        guid: attack('guid'),
        event: attack('event'),
        repo: attack('repo'),
        source: attack('source'),
        reason: attack('reason'),
        headers: { [attack('header')]: attack('value') },
        body: Buffer.from(JSON.stringify({ [attack('key')]: attack('body') })),
      }),
    );
    site.store.all.sources.push(attack('source'));
    site.store.all.repositories.push({
      repo: attack('repo'),
      url: `javascript:alert('repo')`,
      health: 'failing',
      detail: attack('detail'),
      lastDeliveryAt: 1,
      lastRun: { id: attack('id'), state: 'failure', at: 1 },
      lastReconciledAt: 1,
      queued: 0,
      running: 0,
      dead: 0,
    });
    const log = textLog(
      site.store,
      '66',
      `${attack('log')}\n\x1b[31m${attack('red')}\x1b]8;;javascript:alert(1)\x07link\n`,
      false,
    );
    const { page, faults } = await open({ httpCredentials });
    const guid = encodeURIComponent(attack('guid'));
    const paths = [
      '/runs',
      '/runs/66',
      '/runs/67',
      '/deliveries',
      `/deliveries/${guid}`,
      '/repositories',
      '/dead-letters',
    ];
    const query = new URLSearchParams({
      repo: attack('q'),
      branch: attack('q'),
      delivery: attack('q'),
      source: attack('q'),
    });
    for (const path of [...paths, `/runs?${query}`, `/deliveries?${query}`, `/nope/${guid}`]) {
      await page.goto(site.url + path, { waitUntil: 'load' });
      expect(await page.title()).toMatch(/· sluice$/);
      expect(await page.locator('main img, main svg, main script, a[href^="javascript"]').count()).toBe(0);
    }
    await page.goto(`${site.url}/runs/66`);
    log.append(`\x1b[32m${attack('live')}\n`);
    await page.locator('#L3').waitFor();
    expect(await page.locator('main img, main script').count()).toBe(0);
    expect(await page.locator('#L3').textContent()).toContain(`<script>document.title='live'`);
    expect(faults).toEqual([]);
  });

  describe('fits', () => {
    test.each([320, 390, 1280])('a window %i wide, in both colour schemes', async (width) => {
      const site = await filledSite();
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page, faults } = await open({ viewport: { width, height: 800 }, colorScheme });
        for (const path of ['/runs', '/runs/214', '/deliveries', '/repositories', '/dead-letters']) {
          await page.goto(site.url + path);
          expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, width]);
        }
        // Whoever looks with a telephone must see that something was given up.
        const count = await page.locator('.count').boundingBox();
        expect((count?.x ?? width) + (count?.width ?? 0)).toBeLessThanOrEqual(width);
        expect(await page.locator('.count').evaluate((found) => found.closest('nav')?.scrollWidth)).toBeLessThanOrEqual(
          width,
        );
        expect(faults).toEqual([]);
      }
    });

    test('readers: text stands out from its background', async () => {
      const site = await filledSite();
      for (const colorScheme of ['light', 'dark'] as const) {
        const { page } = await open({ colorScheme });
        for (const path of ['/runs', '/runs/210', '/deliveries', '/repositories']) {
          await page.goto(site.url + path);
          expect(await page.evaluate(weakestContrast)).toBeGreaterThanOrEqual(4.5);
        }
      }
    });
  });
});

/** WCAG 2.2, 1.4.3, over all text of the page: the lowest ratio of a text's colour to the nearest background behind it. */
const weakestContrast = `(() => {
  const channels = (colour) => (colour.match(/[\\d.]+/g) ?? []).map(Number);
  const light = (value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([red, green, blue]) => 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue);
  function backgroundOf(element) {
    for (let at = element; at; at = at.parentElement) {
      const colour = channels(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  }
  let weakest = 21;
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (texts.currentNode.data.trim() === '' || !element.checkVisibility() || element.closest('option, datalist, noscript')) continue;
    const [one, other] = [luminance(channels(getComputedStyle(element).color)), luminance(backgroundOf(element))];
    weakest = Math.min(weakest, (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05));
  }
  return weakest;
})()`;
