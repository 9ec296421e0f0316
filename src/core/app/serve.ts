import type { Config } from '../config/config.ts';
import { resolveSecret } from '../config/secrets.ts';
import { SluiceError } from '../errors.ts';
import { isDead, isEnded } from '../jobs/states.ts';
import type { CommandContext } from '../plugins/command.ts';
import { openMetrics } from '../serve/http/metrics.ts';
import { type AccessRules, defaultLimits, type ServerOptions } from '../serve/http/options.ts';
import { type RunningServer, startServer } from '../serve/http/server.ts';
import { inboundMirrors } from '../serve/inbound.ts';
import type { RunView } from '../serve/read-model.ts';
import { mainQueues } from '../serve/reads.ts';
import { openReceiver } from '../serve/receive.ts';
import type { ServeFlags } from '../serve/settings.ts';
import { openTunnel, type Tunnel } from '../serve/tunnel/tunnel.ts';
import { keepHeapSmall } from '../small-heap.ts';
import { version } from '../version.ts';
import { startControl } from './serve-control.ts';
import { openServeCore, type ServeCore, workContext } from './serve-core.ts';
import { heal } from './serve-heal.ts';
import { countRequests, timeGit } from './serve-metrics.ts';
import { registerAll, registerPatiently, requireReachable } from './serve-register.ts';
import { startWork } from './serve-work.ts';

/** How long running jobs may go on after a signal. */
const graceMs = 10_000;
const tlsCheckMs = 10_000;
/** About 50 deliveries fit into the half that is in use; with 2 MB each of them costs 20 µs more. */
const newSpaceBytes = 16_000_000;

export interface Listening {
  readonly address: string;
  /** Every source with the path or address that deliveries go to. */
  readonly sources: readonly { readonly name: string; readonly repo: string; readonly url: string }[];
}

export interface ServeEvents {
  readonly onListening: (listening: Listening) => void;
  /** A run has begun or ended, or waits for a person. */
  readonly onRun: (run: RunView) => void;
}

/** Serves until the signal: takes deliveries, works on them, heals, shows; then ends what it can and puts the rest back. */
export async function serve(opened: CommandContext, flags: ServeFlags, events: ServeEvents): Promise<void> {
  keepHeapSmall(newSpaceBytes);
  const metrics = await openMetrics(version);
  const context = countRequests(opened, metrics);
  const { log, signal } = context;
  await using core = await openServeCore(context, flags);
  requireReachable(core);
  warnOfGaps(core, log);
  const { config, reads, actions, store } = core;
  const receive = openReceiver({
    sources: core.sources,
    accept: (delivery, jobs) => store.accept(delivery, jobs),
    now: Date.now,
    warn: (message, fields) => log.warn(message, fields),
  });
  const ports = { receive, reads, actions, metrics, log, now: Date.now };
  tellOfRuns(core, (run) => {
    if (run.finishedAt !== undefined) {
      metrics.job(run.kind, run.state, (run.finishedAt - (run.startedAt ?? run.finishedAt)) / 1000);
    }
    events.onRun(run);
  });
  // Deliveries are taken from now on: what they lead to waits until the remains of an earlier process are cleaned up.
  const server = await startServer(await serverOptions(context, config), ports);
  const stopping = new AbortController();
  try {
    await using _control = await startControl(core.dataDir, { ...reads, ...actions });
    await using tunnel = await tunnelFor(context, core, server);
    const addressOf = addresses(config, server, tunnel);
    events.onListening({
      address: tunnel === undefined ? server.address : `${server.address} (${tunnel.display})`,
      sources: core.served.map(({ source, entry }) => ({
        name: source,
        repo: entry.repo,
        url: addressOf.shown(source),
      })),
    });
    const forWork = workContext(context, config);
    const working = await startWork(forWork, core, timeGit(metrics));
    // A forge that does not answer must not hold up the others' work.
    const tried = Promise.withResolvers<void>();
    const registering = config.serve.register
      ? registerPatiently({ log, signal: stopping.signal }, core, {
          addressOf: addressOf.reachable,
          tried: () => tried.resolve(),
        })
      : tried.resolve();
    const healing = heal(forWork, core, { signal: stopping.signal, registered: tried.promise });
    await aborted(signal);
    log.info('stopping: running jobs may go on for a moment');
    stopping.abort();
    // Whoever is still sending is answered meanwhile; what that leads to is for the next start.
    await Promise.all([server.close(), working.stop(graceMs), registering, healing]);
  } finally {
    stopping.abort();
    await server.close();
  }
}

/** Removes the webhooks of everything that is served. A lack of permission (77) is worse than a forge that does not answer. */
export async function deregisterAll(
  context: CommandContext,
  flags: ServeFlags,
): Promise<{ readonly exit: 0 | 69 | 77 }> {
  await using core = await openServeCore(context, flags);
  const { baseUrl } = core.config.serve;
  const addressOf = (source: string) => (baseUrl === undefined ? undefined : `${baseUrl}/hooks/${source}`);
  const failures = await registerAll(context, core, { action: 'deregister', addressOf });
  if (failures.length === 0) return { exit: 0 };
  return { exit: failures.some(({ problem }) => problem.code === 'denied') ? 77 : 69 };
}

async function serverOptions(context: CommandContext, config: Config): Promise<ServerOptions> {
  const { listen, baseUrl, tlsCert, tlsKey, trustProxy, bodyLimitBytes } = config.serve;
  const tls =
    tlsCert === undefined || tlsKey === undefined ? undefined : { cert: tlsCert, key: tlsKey, checkMs: tlsCheckMs };
  const limits = { ...defaultLimits, bodyBytes: bodyLimitBytes };
  return { listen, baseUrl, tls, trustProxy, access: await accessRules(context, config), limits, version };
}

async function accessRules({ env, signal, log }: CommandContext, { serve, baseDir }: Config): Promise<AccessRules> {
  const { basic, bearer, proxyHeader } = serve.auth;
  const scope = { env, cwd: baseDir, signal, warn: (text: string) => log.warn(text) };
  return {
    public: serve.public,
    basic: basic && { username: basic.username, password: await resolveSecret(basic.password, scope) },
    bearer: bearer === undefined ? [] : [await resolveSecret(bearer, scope)],
    proxyHeader,
  };
}

function warnOfGaps({ config: { serve }, served }: ServeCore, log: CommandContext['log']): void {
  const { basic, bearer, proxyHeader } = serve.auth;
  if (!serve.public && basic === undefined && bearer === undefined && proxyHeader === undefined) {
    log.warn('nobody can log in to the pages: set serve.auth, or --public to let everybody read them');
  }
  if (serve.baseUrl === undefined && served.some(({ rules }) => rules.reports))
    log.warn('commit statuses have no link to their run: say with --base-url where people reach this server');
  for (const { entry, secrets } of served) {
    if (secrets.length === 0) log.warn(`${entry.repo} takes deliveries that nobody signed (--insecure-no-secret)`);
  }
  const all = served.map(({ rules }) => rules);
  for (const { entry, repo } of served) {
    const acts = entry.mirror !== undefined || entry.run.length > 0 || serve.hooksDir !== undefined;
    if (acts || inboundMirrors(all, repo).length > 0) continue;
    log.warn(`deliveries of ${entry.repo} lead to nothing: give it mirror: or run:, --mirror-to or --hooks-dir`);
  }
  if (serve.role !== 'all' || serve.database !== undefined) {
    throw new SluiceError(
      'config',
      'serve.database and serve.role are not in this version: one process serves, over storage of its own',
      {
        hint: 'Leave both out.',
      },
    );
  }
}

function addresses({ serve: { baseUrl } }: Config, server: RunningServer, tunnel: Tunnel | undefined) {
  const reachable = (source: string) =>
    tunnel?.addressOf(source) ?? (baseUrl === undefined ? undefined : `${baseUrl}/hooks/${source}`);
  return { reachable, shown: (source: string) => reachable(source) ?? `${server.address}/hooks/${source}` };
}

async function tunnelFor(
  { env, cwd, signal, log }: CommandContext,
  { config, book }: ServeCore,
  { address, port }: RunningServer,
): Promise<Tunnel | undefined> {
  const { tunnel: kind } = config.serve;
  if (kind === undefined) return undefined;
  if (port === undefined)
    throw new SluiceError('usage', `--tunnel ${kind} needs a port to send to, and no unix socket`);
  const smeeChannel = env.SMEE_URL ?? book.smeeChannel;
  const tunnel = await openTunnel(kind, { localUrl: address, env, cwd, signal, log, smeeChannel });
  if (kind === 'smee') await book.rememberSmeeChannel(tunnel.display);
  return tunnel;
}

/** Every run that begins or ends, once it is durable. */
function tellOfRuns({ store, reads }: ServeCore, tell: (run: RunView) => void): void {
  /** A run that begins is announced when it is taken up and when its work proper begins: once is enough to hear of it. */
  const begun = new Map<string, number>();
  store.subscribe((change) => {
    if (change.kind !== 'run' || change.state === 'queued') return;
    const { id } = change;
    void reads.run(id).then(
      (run) => {
        if (run === undefined) return;
        // What serves runs is told of when it has failed: a token that may not set statuses is somebody's business.
        if (!mainQueues.some((queue) => queue === run.kind)) {
          if (isDead(run.state)) tell(run);
        } else if (run.state === 'running' && begun.get(id) !== run.attempt) {
          begun.set(id, run.attempt);
          tell(run);
        } else if (isEnded(run.state)) {
          begun.delete(id);
          tell(run);
        }
      },
      // The store was closed meanwhile.
      () => undefined,
    );
  });
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
}
