import type { OptionSpec } from '../core/plugins/command.ts';

/** The flags that every command has (`sluice --json mirror …` and `sluice mirror --json …` mean the same). */
export const globalOptions: readonly OptionSpec[] = [
  { flags: '-C <dir>', description: 'run as if started in <dir>', repeatable: true, key: 'directory' },
  { flags: '-c, --config <file>', description: 'use this configuration file instead of searching for one' },
  { flags: '--json', description: 'print exactly one JSON document on stdout' },
  { flags: '-q, --quiet', description: 'print only what needs attention' },
  { flags: '-v, --verbose', description: 'say more on stderr (the same as --log-level debug)' },
  {
    flags: '--log-level <level>',
    description: 'least level of the log on stderr',
    choices: ['debug', 'info', 'warn', 'error'],
  },
  { flags: '--log-format <format>', description: 'form of the log on stderr', choices: ['pretty', 'json'] },
];
