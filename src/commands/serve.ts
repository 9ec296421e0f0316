import { deregisterAll, type Listening, serve } from '../core/app/serve.ts';
import { SluiceError } from '../core/errors.ts';
import { parseCount } from '../core/model/count.ts';
import { parseDuration } from '../core/model/duration.ts';
import type { CommandContext, CommandInput, CommandOutcome, CommandSpec } from '../core/plugins/command.ts';
import type { RunView } from '../core/serve/read-model.ts';
import type { ServeFlags } from '../core/serve/settings.ts';
import { printable } from '../core/ui/table.ts';

/** `sluice serve`: what the flags mean in full is in docs/serve.md. */
export const serveCommand: CommandSpec = {
  name: 'serve',
  longRunning: true,
  summary: 'receive webhooks; mirror change requests, run hook scripts, report commit statuses, show logs',
  description: [
    'Takes webhook deliveries of GitHub, GitLab, Gitea/Forgejo and Bitbucket, stores them before it answers, and does what the configuration says: mirrors change requests and branches, runs hook scripts and commands, sets commit statuses. Pages show runs, logs and deliveries.',
    'What is served comes from sluice.yaml (repositories:), or from the flags for a single repository.',
  ].join('\n\n'),
  options: [
    {
      flags: '--repo <repo>',
      description: 'serve this repository only (alias:owner/name)',
      repeatable: true,
    },
    { flags: '--mirror-to <repo>', description: 'mirror its change requests to this repository' },
    { flags: '--branch <glob>', description: 'with --mirror-to: mirror these branches too', repeatable: true },
    {
      flags: '--secret-env <name>',
      description: 'variable that holds the secret of its webhook; several while one is being replaced',
      repeatable: true,
    },
    {
      flags: '--trust <policy>',
      description: 'whose change requests are mirrored and run (default: internal)',
      repeatable: true,
    },
    {
      flags: '--guard <glob>',
      description: 'a change request that touches such a path needs an approval of a person with write access',
      repeatable: true,
    },
    { flags: '--hooks-dir <dir>', description: 'hook scripts: <event>-<owner>-<repo>[-suffix]' },
    { flags: '--listen <address>', description: 'host:port or unix:/path (default: 127.0.0.1:8080)' },
    { flags: '--base-url <url>', description: 'address under which people and forges reach this server' },
    { flags: '--data-dir <dir>', description: 'storage (default: $XDG_STATE_HOME/sluice/serve)' },
    { flags: '--tls-cert <file>', description: 'certificate (PEM); read again when it changes' },
    { flags: '--tls-key <file>', description: 'its private key (PEM)' },
    {
      flags: '--trust-proxy <range>',
      description: 'proxies whose X-Forwarded-* headers are believed, for example 10.0.0.0/8',
      repeatable: true,
    },
    { flags: '--insecure-no-secret', description: 'take deliveries that nobody signed' },
    {
      flags: '--reconcile <duration>',
      description: 'between two comparisons with the forges; 0: only at the start (default: 10m)',
      parse: parseDuration,
    },
    { flags: '--concurrency <n>', description: 'runs at the same time (default: 4)', parse: parseConcurrency },
    { flags: '--no-statuses', description: 'set no commit statuses' },
    { flags: '--register', description: 'create or update the webhooks at the forges, with secrets of its own' },
    { flags: '--deregister', description: 'remove the webhooks at the forges, and end' },
    {
      flags: '--tunnel <kind>',
      description: 'be reachable from a laptop or a private network',
      choices: ['smee', 'ngrok', 'cloudflared'],
    },
    { flags: '--public', description: 'everybody may read the pages' },
  ],
  examples: [
    {
      note: 'one repository: its pull requests become branches at GitLab, and hook scripts run',
      command:
        'sluice serve --repo github:acme/app --mirror-to gitlab:mirrors/app --hooks-dir ./hooks --secret-env HOOK_SECRET',
    },
    {
      note: 'behind a reverse proxy, with everything else in sluice.yaml',
      command: 'sluice serve --listen unix:/run/sluice/http.sock --base-url https://ci.example.org',
    },
    {
      note: 'on a laptop, registering its own webhook',
      command: 'sluice serve --repo github:me/app --hooks-dir ./hooks --tunnel smee --register',
    },
  ],
  run,
};

async function run(context: CommandContext, { options }: CommandInput): Promise<CommandOutcome> {
  const flags = flagsOf(options);
  if (flags.deregister) {
    const { exit } = await deregisterAll(context, flags);
    return { exit, json: { command: 'serve', deregistered: exit === 0 } };
  }
  await serve(context, flags, {
    onListening: (listening) =>
      context.emit({ json: { type: 'listening', ...listening }, text: listeningText(listening) }),
    onRun: (view) => {
      context.emit({ json: { type: 'run', run: view } });
      // A script that said no is a result; what could not be tried is somebody's business.
      context.log[view.dead ? 'warn' : 'info'](runText(view), {
        run: view.id,
        delivery: view.delivery,
        repo: view.repo,
      });
    },
  });
  return { exit: 0 };
}

/** commander says `true` when --no-statuses is absent, which is no wish of anybody's. */
function flagsOf(options: CommandInput['options']): ServeFlags {
  const { statuses, ...flags } = options as ServeFlags;
  return statuses === false ? { ...flags, statuses } : flags;
}

function listeningText({ address, sources }: Listening): string {
  const lines = sources.map(({ repo, url }) => `deliveries of ${repo} go to ${url}`);
  return [`listening on ${address}`, ...lines].join('\n');
}

function runText({ id, name, repo, state, branch, lastLine, detail }: RunView): string {
  const what = `run ${id}: ${name} of ${repo}${branch === undefined ? '' : ` ${branch}`}`;
  const why = detail || lastLine;
  return printable(`${what} ${state === 'running' ? 'begins' : `ends: ${state}`}${why === '' ? '' : ` (${why})`}`);
}

function parseConcurrency(text: string): number {
  const count = parseCount(text);
  if (count > 0) return count;
  throw new SluiceError('usage', '--concurrency 0 would never run anything');
}
