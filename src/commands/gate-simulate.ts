import { simulateGate } from '../core/app/gate.ts';
import type { GateFlags } from '../core/gate/settings.ts';
import type { CommandSpec } from '../core/plugins/command.ts';
import { policyOptions } from './gate-policy.ts';
import { gateOutcome } from './gate-text.ts';

/** `sluice gate simulate FACTS.json`: the rules without a network. */
export const simulateCommand: CommandSpec = {
  name: 'simulate',
  undecided: 2,
  summary: 'judge facts from a file, and ask nobody',
  description:
    'Judges facts from a file: what sluice gate --json printed, as it is or changed by hand ("-" is stdin). The policy comes from the configuration and the flags. What the file does not say is undetermined.',
  arguments: [{ name: 'facts', description: 'a JSON file', required: true }],
  options: policyOptions,
  examples: [
    {
      note: 'what would two approvals have meant?',
      command: 'sluice gate --json >facts.json; sluice gate simulate facts.json --min-approvals 2 --explain',
    },
  ],
  async run(context, { arguments: [path = ''], options }) {
    const flags = options as GateFlags;
    const judged = await simulateGate(context, path, flags);
    return gateOutcome('gate simulate', judged, context, flags.explain === true);
  },
};
