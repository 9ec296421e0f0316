import { existsSync } from 'node:fs';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, beforeAll, onTestFinished } from 'vitest';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** False, said aloud, where there is no browser: these tests are then skipped. */
export function hasBrowser(): boolean {
  const found = existsSync(executablePath);
  // biome-ignore lint/suspicious/noConsole: a reader of the report must see why tests are missing
  if (!found) console.warn(`skipped: no browser at ${executablePath}; install chromium, or set CHROMIUM to its path`);
  return found;
}

const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface OpenedPage {
  readonly page: Page;
  /** Whatever should not happen: scripts that fail, violations of the Content-Security-Policy, dialogs. */
  readonly faults: string[];
}

/** One browser for all tests of a file, and a page of its own for each. */
export function useBrowser(): (options?: BrowserContextOptions) => Promise<OpenedPage> {
  let browser: Browser | undefined;
  beforeAll(async () => {
    const { chromium } = await import('playwright-core');
    browser = await chromium.launch({ executablePath, args });
  });
  afterAll(async () => await browser?.close());
  return async (options = {}) => {
    if (browser === undefined) throw new Error('the browser is not there yet');
    const context = await browser.newContext(options);
    onTestFinished(async () => await context.close());
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
    page.on('dialog', async (dialog) => {
      faults.push(`dialog: ${dialog.message()}`);
      await dialog.dismiss();
    });
    page.on('console', (message) => {
      if (/Content Security Policy|Refused to/i.test(message.text())) faults.push(`policy: ${message.text()}`);
    });
    return { page, faults };
  };
}
