import { hostname, userInfo } from 'node:os';
import { SluiceError } from '../errors.ts';
import { appendAudit } from '../gate/audit.ts';
import type { AuditEntry } from '../gate/audit-chain.ts';
import { all, missing, undetermined } from '../gate/verdict.ts';
import { takeLock } from '../lock.ts';
import type { Push } from '../model/gate-facts.ts';
import { plainLine } from '../model/status.ts';
import type { Verdict } from '../model/verdict.ts';
import type { CommandContext } from '../plugins/command.ts';
import { redact } from '../secret.ts';

export interface OverrideRequest {
  readonly reason: string;
  readonly pushes: readonly Push[];
  /** What the gate said, which is no yes. */
  readonly verdict: Verdict;
}

/** Where overrides are written down; undefined: the configuration allows none. */
export type OverrideSettings = { readonly auditFile: string } | undefined;

const longestReason = 1000;

/**
 * A yes in an emergency, where the configuration allows it: approved, with a warning and the previous verdict as its child, once the
 * record is on disk. When it cannot be written the previous no stays one. Throws SluiceError `usage` where nothing may be overridden.
 */
export async function applyOverride(
  { env, signal }: Pick<CommandContext, 'env' | 'signal'>,
  settings: OverrideSettings,
  { reason, pushes, verdict }: OverrideRequest,
): Promise<Verdict> {
  const why = redact(plainLine(reason)).slice(0, longestReason);
  if (settings === undefined) {
    throw new SluiceError('usage', '--override: the configuration allows no override', {
      hint: 'Whoever runs the gate allows it by gate.override in the configuration.',
    });
  }
  if (why === '') throw new SluiceError('usage', '--override needs a reason');
  const entry: AuditEntry = {
    at: new Date().toISOString(),
    by: { user: login(), host: hostname(), remote: env.REMOTE_USER || env.GL_USERNAME || null },
    refs: pushes.map(({ ref, sha }) => ({ ref, sha })),
    reason: why,
    verdict: { status: verdict.status, missing: missing(verdict).map(({ sentence }) => redact(sentence)) },
  };
  try {
    const { number } = await appendAudit(settings.auditFile, entry, { takeLock }, signal);
    const sentence = `overridden by ${entry.by.remote ?? entry.by.user}: ${why} (record ${number} of the audit file)`;
    return { rule: 'override', status: 'approved', sentence, url: null, warning: true, children: [verdict] };
  } catch (error) {
    if (signal.aborted || !(error instanceof SluiceError)) throw error;
    const failed = undetermined('override', `there is no override without a record: ${error.message}`);
    return all({ rule: 'gate', sentence: '' }, [verdict, failed]);
  }
}

/** The account may have no entry in the user database, as in a container. */
function login(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
