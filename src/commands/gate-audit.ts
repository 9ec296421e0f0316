import { gateAudit } from '../core/app/gate-audit.ts';
import type { AuditRecord } from '../core/gate/audit-chain.ts';
import { shortName, shortOid } from '../core/model/ref.ts';
import type { CommandSpec } from '../core/plugins/command.ts';
import { printable, table } from '../core/ui/table.ts';

export const auditCommand: CommandSpec = {
  name: 'audit',
  summary: 'print every override, and check that no record was changed or removed',
  description: [
    'Prints every override, oldest first, and checks the file: each record is bound to the one before it by a hash, so that changed, removed, reordered and cut off lines are found. Exit status 1 when one is.',
    'Somebody who may write to the file and knows how can write all of it anew; keep the last hash elsewhere to be sure.',
  ].join('\n\n'),
  arguments: [{ name: 'file', description: 'the audit file (default: gate.override of the configuration)' }],
  examples: [
    { note: 'who has passed the gate, and why', command: 'sluice gate audit' },
    { note: 'the last hash, to be kept elsewhere', command: "sluice gate audit --json | jq -r '.records[-1].hash'" },
  ],
  async run(context, { arguments: [file] }) {
    const { path, records, problems } = await gateAudit(context, file);
    for (const problem of problems) context.log.error(`${path}: ${problem}`);
    const text = records.length === 0 ? 'no overrides' : table(records.map(row));
    return {
      exit: problems.length === 0 ? 0 : 1,
      json: { command: 'gate audit', file: path, intact: problems.length === 0, problems, records },
      ...(context.quiet ? {} : { text }),
    };
  },
};

function row({ number, at, by, refs, reason, verdict }: AuditRecord): readonly string[] {
  const pushed = refs.map(({ ref, sha }) => `${shortName(ref)} ${sha === null ? 'deleted' : shortOid(sha)}`).join(', ');
  const who = `${by.remote ?? by.user}@${by.host}`;
  return [String(number), at, printable(who), printable(pushed), verdict.status, printable(reason)];
}
