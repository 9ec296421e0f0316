import { SluiceError } from '../core/errors.ts';

const statuses = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * The first SIGINT, SIGTERM or SIGHUP aborts the signal, which ends children and releases locks; a second one exits at once (the
 * children's groups are killed on exit).
 */
export function catchSignals(host: NodeJS.Process): { readonly signal: AbortSignal } {
  const controller = new AbortController();
  for (const [name, exit] of Object.entries(statuses)) {
    host.on(name, () => {
      if (controller.signal.aborted) host.exit(exit);
      controller.abort(new SluiceError('interrupted', `interrupted by ${name}`, { exit }));
    });
  }
  return { signal: controller.signal };
}
