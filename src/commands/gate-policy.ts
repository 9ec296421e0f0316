import { SluiceError } from '../core/errors.ts';
import { parseCount } from '../core/model/count.ts';
import type { OptionSpec } from '../core/plugins/command.ts';

/** An empty value is most often a variable that a script did not set; it must not pass for "nothing is required". */
export function filled(flag: string): (text: string) => string {
  return (text) => {
    if (text.trim() !== '') return text;
    throw new SluiceError('usage', `${flag} has an empty value`, {
      hint: 'Is a variable of the script not set? Leave the flag out where nothing is meant.',
    });
  };
}

/** The flags that say what a push must fulfil; the gate and its simulation share them. */
export const policyOptions: readonly OptionSpec[] = [
  {
    flags: '--forks <which>',
    description: 'with several repositories: must all say yes, or any (default: all)',
    choices: ['all', 'any'],
  },
  {
    flags: '--base <glob>',
    description: 'base branch that the change request may have (default: any)',
    repeatable: true,
    parse: filled('--base'),
  },
  { flags: '--min-approvals <n>', description: 'approvals that are needed (default: 1)', parse: parseCount },
  {
    flags: '--required-check <name>',
    description: 'check that must be green: NAME, NAME@APP, or NAME@* for any app',
    repeatable: true,
    parse: filled('--required-check'),
  },
  {
    flags: '--required-app <slug>',
    description: 'app whose checks must all be green',
    repeatable: true,
    parse: filled('--required-app'),
  },
  {
    flags: '--require-team <team>',
    description: 'team of which at least one member must have approved: org/team, or a group',
    repeatable: true,
    parse: filled('--require-team'),
  },
  {
    flags: '--require-code-owners',
    description: 'owners must have approved what is theirs, by CODEOWNERS of the base branch (needs --base)',
  },
  {
    flags: '--up-to-date',
    description: 'what is pushed must contain all of the base branch (needs --base)',
  },
  {
    flags: '--passing <state>',
    description: 'let checks pass that ended neutral or skipped',
    repeatable: true,
    choices: ['neutral', 'skipped'],
  },
  {
    flags: '--allow-bot <login>',
    description: 'bot whose reviews count',
    repeatable: true,
    parse: filled('--allow-bot'),
  },
  { flags: '--allow-stale-approvals', description: 'count approvals of earlier commits' },
  { flags: '--allow-self-approval', description: 'count approvals of who wrote it' },
  { flags: '--allow-draft', description: 'accept drafts' },
  { flags: '--allow-ancestor', description: "accept an ancestor of the change request's head" },
  {
    flags: '--if-no-pr <what>',
    description: 'without a change request: block or allow (default: block)',
    choices: ['block', 'allow'],
  },
  {
    flags: '--if-app-missing <what>',
    description: 'when a required app has not reported: block or warn (default: block)',
    choices: ['block', 'warn'],
  },
  { flags: '--deletions <what>', description: 'deleted refs (default: block)', choices: ['block', 'allow'] },
  { flags: '--tags <what>', description: 'pushed tags (default: block)', choices: ['block', 'allow'] },
  { flags: '--explain', description: 'print the whole tree of rules' },
];
