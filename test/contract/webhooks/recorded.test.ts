import { createRequire } from 'node:module';
import { describe, expect, test } from 'vitest';
import { webhooks as bitbucket } from '../../../src/core/forges/bitbucket/webhooks.ts';
import { webhooksRole as datacenterRole } from '../../../src/core/forges/bitbucket-datacenter/webhooks.ts';
import { webhooks as gitea } from '../../../src/core/forges/gitea/webhooks.ts';
import { webhooks as github } from '../../../src/core/forges/github/webhooks.ts';
import { webhooks as gitlab } from '../../../src/core/forges/gitlab/webhooks.ts';
import type { WebhooksRole } from '../../../src/core/forges/webhooks-role.ts';
import { corpusIsPresent, listCorpus, readCorpus } from '../../support/corpus.ts';

interface RecordedEvent {
  readonly name: string;
  readonly examples: readonly { readonly action?: string }[];
}

const recorded: readonly RecordedEvent[] = createRequire(import.meta.url)(
  '@octokit/webhooks-examples/api.github.com/index.json',
);

/** What sluice acts on; every other event of GitHub's must be told apart, with a reason, and never fail. */
const kinds: Readonly<Record<string, readonly string[]>> = {
  ping: ['ping'],
  push: ['push'],
  pull_request: ['change', 'endorsement', 'ignored'],
  pull_request_review: ['endorsement'],
  issue_comment: ['endorsement', 'ignored'],
  status: ['check'],
  check_run: ['check'],
};

describe("GitHub's recorded payloads", () => {
  test.each(recorded)('$name', ({ name, examples }) => {
    for (const example of examples) {
      const [event, ...more] = github.decode(name, Buffer.from(JSON.stringify(example)));
      expect(more).toEqual([]);
      expect(kinds[name] ?? ['ignored']).toContain(event?.kind);
      if (event?.kind === 'ignored') expect(event.reason).not.toBe('');
    }
  });

  test('every kind occurs', () => {
    const seen = new Set(
      recorded.flatMap(({ name, examples }) =>
        examples.flatMap((example) =>
          github.decode(name, Buffer.from(JSON.stringify(example))).map(({ kind }) => kind),
        ),
      ),
    );
    expect([...seen].sort()).toEqual(['change', 'check', 'endorsement', 'ignored', 'ping', 'push']);
  });
});

/** The event's name is in the headers, which were not recorded. */
const eventOf: Readonly<Record<string, (file: string, payload: { eventKey?: string }) => string>> = {
  gitlab: () => 'System Hook',
  gitea: (file) => {
    if (file.startsWith('pull_request_comment')) return 'issue_comment';
    if (file.startsWith('pull_request')) return 'pull_request';
    const [, verb] = /^(?:branch|tag)_(create|delete)/.exec(file) ?? [];
    return verb ?? (file.startsWith('issue_comment') ? 'issue_comment' : (file.split('_')[0] ?? ''));
  },
  'bitbucket-datacenter': (_, { eventKey = '' }) => eventKey,
  bitbucket: (file) => {
    if (file.startsWith('push')) return 'repo:push';
    if (file.startsWith('pipeline_hook')) return 'repo:commit_status_updated';
    const [, what = ''] = /^pr_(\w+)$/.exec(file) ?? [];
    return `pullrequest:${what === 'declined' ? 'rejected' : what}`;
  },
};

const roles: Readonly<Record<string, WebhooksRole>> = {
  gitlab,
  gitea,
  bitbucket,
  'bitbucket-datacenter': datacenterRole('https://forge.example'),
};

describe.skipIf(!corpusIsPresent).each(Object.keys(roles))(
  'recorded payloads of %s (corpus beside the checkout)',
  (forge) => {
    const folder = `forges/${forge}/webhooks`;
    test('are all understood', async () => {
      const files = (await listCorpus(folder)).filter((file) => file.endsWith('.json'));
      expect(files.length).toBeGreaterThan(10);
      for (const file of files) {
        const text = await readCorpus(`${folder}/${file}`);
        const event = eventOf[forge]?.(file.replace('.json', ''), JSON.parse(text)) ?? '';
        const events = roles[forge]?.decode(event, Buffer.from(text)) ?? [];
        expect(events, `${file} as ${event}`).not.toEqual([]);
        const acts = /^(push|tag_delete|branch_delete|pr_|pull_request_|pipeline)/.test(file) && !/assigned/.test(file);
        if (acts)
          expect(
            events.map(({ kind }) => kind),
            `${file} as ${event}`,
          ).not.toContain('ignored');
      }
    });
  },
);
