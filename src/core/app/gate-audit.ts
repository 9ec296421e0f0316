import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { SluiceError } from '../errors.ts';
import { readAudit } from '../gate/audit.ts';
import type { AuditReading } from '../gate/audit-chain.ts';
import type { CommandContext } from '../plugins/command.ts';

/** The audit file, by its argument or the configuration, checked. */
export async function gateAudit(
  context: CommandContext,
  file: string | undefined,
): Promise<AuditReading & { readonly path: string }> {
  const path = file === undefined ? (await context.config()).gate.override?.auditFile : resolve(context.cwd, file);
  if (path === undefined) {
    throw new SluiceError('usage', 'the configuration allows no override, so there is no audit file', {
      hint: 'Name the file, or set gate.override in the configuration.',
    });
  }
  if (file !== undefined && !existsSync(path)) throw new SluiceError('usage', `there is no audit file ${path}`);
  try {
    return { path, ...(await readAudit(path)) };
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    throw new SluiceError('config', `cannot read the audit file ${path}: ${words}`, { cause: error });
  }
}
