import { setTimeout as sleep } from 'node:timers/promises';
import { SluiceError, toSluiceError } from '../errors.ts';
import type { CommandContext } from '../plugins/command.ts';
import { deregister, type RegisterTarget, register } from '../serve/register.ts';
import type { ServeCore } from './serve-core.ts';

/** Where the forge sends deliveries of a source; undefined: this server has no address that a forge could reach. */
export type AddressOf = (source: string) => string | undefined;

/** Whether --register can succeed, asked before anybody is told that the server listens. */
export function requireReachable({ config: { serve }, served, book }: ServeCore): void {
  if (!serve.register || serve.baseUrl !== undefined || serve.tunnel !== undefined) return;
  if (served.some(({ source }) => book.registrationOf(source) === undefined)) throw unreachable('register');
}

function unreachable(action: 'register' | 'deregister'): SluiceError {
  return new SluiceError('usage', `--${action} needs an address that the forge can reach, and a secret`, {
    hint: 'Give --base-url, or --tunnel; secrets by --secret-env or webhook: in sluice.yaml.',
  });
}

const words = {
  register: { done: 'registered', byHand: 'has to be made by hand, and to send to' },
  deregister: { done: 'removed', byHand: 'has to be removed by hand, if there is one that sends to' },
} as const;

/** A source whose webhook could not be registered or removed, and why. */
export interface RegisterFailure {
  readonly source: string;
  readonly problem: SluiceError;
}

/** Creates, updates or removes the webhooks of everything that is served, or of some sources. Resolves to those that could not be. */
export async function registerAll(
  { log, signal }: Pick<CommandContext, 'log' | 'signal'>,
  { served, book }: Pick<ServeCore, 'served' | 'book'>,
  how: {
    readonly action: 'register' | 'deregister';
    readonly addressOf: AddressOf;
    readonly only?: ReadonlySet<string> | undefined;
  },
): Promise<readonly RegisterFailure[]> {
  const wanted = served.filter(({ source }) => how.only?.has(source) ?? true);
  const targets = wanted.map((one): RegisterTarget => {
    const { source, entry, repo, forge, secrets } = one;
    const known = book.registrationOf(source);
    const url = how.addressOf(source) ?? known?.url;
    const [secret] = secrets;
    if (url === undefined || secret === undefined) throw unreachable(how.action);
    const hooks = repo.path.includes('*') ? undefined : forge.hooks;
    return { source, display: entry.repo, repo: repo.path, hooks, known, url, secret };
  });
  const { done, byHand } = words[how.action];
  const failures: RegisterFailure[] = [];
  for (const target of targets) {
    const { action, registration, problem } = await (how.action === 'register' ? register : deregister)(target, signal);
    await book.remember(target.source, registration);
    if (problem !== undefined) {
      failures.push({ source: target.source, problem });
      if (signal.aborted) continue;
      log.error(`the webhook of ${target.display} could not be ${done}: ${problem.message}`, { hint: problem.hint });
    } else if (target.hooks === undefined) {
      log.warn(`the webhook of ${target.display} ${byHand} ${target.url}`);
    } else log.info(`the webhook of ${target.display} was ${action}: ${target.url}`);
  }
  return failures;
}

const firstPauseMs = 60_000;
const longestPauseMs = 15 * 60_000;

/** Goes on registering what failed for a reason that may pass. `tried` is called after the first time, whatever came of it. */
export async function registerPatiently(
  context: Pick<CommandContext, 'log' | 'signal'>,
  core: Pick<ServeCore, 'served' | 'book'>,
  how: { readonly addressOf: AddressOf; readonly tried: () => void; readonly pauseMs?: number },
): Promise<void> {
  const { addressOf, tried } = how;
  const { log, signal } = context;
  let only: ReadonlySet<string> | undefined;
  for (let pauseMs = how.pauseMs ?? firstPauseMs; !signal.aborted; pauseMs = Math.min(pauseMs * 2, longestPauseMs)) {
    try {
      const failures = await registerAll(context, core, { action: 'register', addressOf, only });
      only = new Set(failures.flatMap(({ source, problem }) => (problem.retryable ? [source] : [])));
      if (only.size === 0) return;
    } catch (thrown) {
      const { message, hint, retryable } = toSluiceError(thrown);
      log.error(`webhooks could not be registered: ${message}`, { hint });
      if (!retryable) return;
    } finally {
      tried();
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
