import { type SluiceError, toSluiceError } from '../errors.ts';
import type { Hook, HooksRole } from '../forges/webhooks-role.ts';
import type { Secret } from '../secret.ts';

/** A webhook of ours that a forge has. */
export interface Registration {
  /** The forge's own id. */
  readonly id: string;
  readonly url: string;
}

/** One repository whose webhook is registered or removed. */
export interface RegisterTarget {
  /** `/hooks/NAME`. */
  readonly source: string;
  /** As people write it: `gh:acme/app`. */
  readonly display: string;
  /** As the forge names it. */
  readonly repo: string;
  /** Undefined: the forge cannot, or the repository is a pattern. */
  readonly hooks: HooksRole | undefined;
  /** What was registered the last time; its address may have been another one. */
  readonly known: Registration | undefined;
  /** Where deliveries shall go. */
  readonly url: string;
  readonly secret: Secret;
}

export interface Registered {
  readonly target: RegisterTarget;
  readonly action: 'created' | 'updated' | 'removed' | 'absent' | 'failed';
  /** What is there now, to be remembered. */
  readonly registration: Registration | undefined;
  readonly problem: SluiceError | undefined;
}

/** What is ours of a repository's webhooks (pure): the one that is kept, and copies of it that somebody made by hand. */
export function ownHooks(
  hooks: readonly Hook[],
  { known, url }: Pick<RegisterTarget, 'known' | 'url'>,
): { readonly kept: Hook | undefined; readonly copies: readonly Hook[] } {
  // By its id it is found also when the address has changed (a new tunnel, a new name), if it still has the address that we gave it.
  const ours = hooks.filter(
    (hook) => sameUrl(hook.url, url) || (hook.id === known?.id && sameUrl(hook.url, known.url)),
  );
  const kept = ours.find(({ id }) => id === known?.id) ?? ours[0];
  return { kept, copies: ours.filter((hook) => hook !== kept) };
}

/** Creates the webhook or updates the one that is there, so that there is exactly one. A failure is a value: the others go on. */
export async function register(target: RegisterTarget, signal: AbortSignal): Promise<Registered> {
  return await attempt(target, async (hooks) => {
    const { repo, url, secret } = target;
    const { kept, copies } = ownHooks(await hooks.list(repo, { signal }), target);
    const saved = await hooks.save(repo, { id: kept?.id, url, secret }, { signal });
    for (const { id } of copies) await hooks.remove(repo, id, { signal });
    return { action: kept === undefined ? 'created' : 'updated', registration: { id: saved.id, url } };
  });
}

/** Removes the webhook and its copies; what is not ours stays. */
export async function deregister(target: RegisterTarget, signal: AbortSignal): Promise<Registered> {
  return await attempt(target, async (hooks) => {
    const { kept, copies } = ownHooks(await hooks.list(target.repo, { signal }), target);
    if (kept === undefined) return { action: 'absent', registration: undefined };
    for (const { id } of [kept, ...copies]) await hooks.remove(target.repo, id, { signal });
    return { action: 'removed', registration: undefined };
  });
}

async function attempt(
  target: RegisterTarget,
  work: (hooks: HooksRole) => Promise<Pick<Registered, 'action' | 'registration'>>,
): Promise<Registered> {
  if (target.hooks === undefined) return { target, action: 'absent', registration: undefined, problem: undefined };
  try {
    return { target, problem: undefined, ...(await work(target.hooks)) };
  } catch (error) {
    return { target, action: 'failed', registration: target.known, problem: toSluiceError(error) };
  }
}

function sameUrl(a: string, b: string): boolean {
  return a.replace(/\/+$/, '') === b.replace(/\/+$/, '');
}
