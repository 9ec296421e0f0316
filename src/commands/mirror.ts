import { openMirror } from '../core/app/mirror.ts';
import { mirror } from '../core/mirror/mirror.ts';
import { parseRefspec } from '../core/mirror/select.ts';
import { type MirrorFlags, mirrorSettings } from '../core/mirror/settings.ts';
import { parseCount } from '../core/model/count.ts';
import { parseDuration } from '../core/model/duration.ts';
import type { CommandSpec } from '../core/plugins/command.ts';
import { mirrorText } from './mirror-text.ts';

/** `sluice mirror <from> [<to>]`: what the flags mean in full is in docs/mirror.md. */
export const mirrorCommand: CommandSpec = {
  name: 'mirror',
  summary: 'copy branches, tags and change-request heads from one repository to another, once',
  description: [
    'Copies branches, tags and change-request heads from one repository to another, once.',
    'A repository is a git URL (https, ssh, git, file), git@host:path, a local path, or alias:owner/name for a configured forge (github:, gitlab: and bitbucket: are the public sites). Without <to>, change requests become branches of <from> itself. With nothing selected, all branches and tags are mirrored. Nothing is checked out, and no clone of yours is touched.',
  ].join('\n\n'),
  arguments: [
    { name: 'from', description: 'the repository to read', required: true },
    { name: 'to', description: 'the repository to write; left out: the same one' },
  ],
  options: [
    {
      flags: '--pr, --mr <number>',
      key: 'pr',
      description: 'the head of this change request; needs no API',
      repeatable: true,
      parse: parseCount,
    },
    { flags: '--prs', description: "every open change request from forks (asks the forge's API)" },
    { flags: '--include-internal', description: 'with --prs: also those whose head is in the same repository' },
    { flags: '--branch <glob>', description: 'branches whose short name matches', repeatable: true },
    { flags: '--tag <glob>', description: 'tags whose short name matches', repeatable: true },
    { flags: '--exclude <glob>', description: 'not these branches and tags', repeatable: true },
    {
      flags: '--ref <src:dst>',
      description: 'an explicit refspec; * allowed, + forces',
      repeatable: true,
      parse: parseRefspec,
    },
    {
      flags: '--as <template>',
      description:
        'destination name, from {name} or {number}, {head.owner}, {head.ref} (default: pr/{number} and {name})',
    },
    { flags: '--prune', description: 'delete destination refs of this mapping whose source is gone or closed' },
    {
      flags: '--update <policy>',
      description: 'ff or force (default: ff for branches, force for change requests; tags never move)',
      choices: ['ff', 'force'],
    },
    { flags: '--atomic', description: 'all refs or none' },
    { flags: '--batch <n>', description: 'refs per push (default: 500)', parse: parseCount },
    { flags: '--create', description: 'create the destination when it does not exist, private' },
    { flags: '--no-verify', description: 'do not read the destination back after the push' },
    { flags: '--dry-run', description: 'print what would happen, change nothing' },
    {
      flags: '--cache <mode>',
      description: 'kept copy of the source on disk: only when needed, always, never (default: auto)',
      choices: ['auto', 'always', 'never'],
    },
    { flags: '--cache-dir <dir>', description: 'where it is kept (default: $XDG_CACHE_HOME/sluice)' },
    {
      flags: '--retries <n>',
      description: 'how often a failed network step is tried again (default: 3)',
      parse: parseCount,
    },
    {
      flags: '--timeout <duration>',
      description: 'limit of the whole run, for example 90s or 15m (default: none)',
      parse: parseDuration,
    },
  ],
  examples: [
    {
      note: "a fork's pull request becomes the branch pr/7 of the same repository",
      command: 'sluice mirror github:acme/app --pr 7',
    },
    {
      note: 'all open pull requests go to GitLab, closed ones are deleted there',
      command: 'sluice mirror github:acme/app gitlab:mirrors/app --prs --prune',
    },
    {
      note: 'everything into a new bare repository on this disk',
      command: 'sluice mirror https://git.example.org/app.git ./app.git --create',
    },
    {
      note: 'only release branches and version tags, and show first what would happen',
      command: "sluice mirror ./app.git git@example.org:app.git --branch 'release/*' --tag 'v*' --dry-run",
    },
  ],
  async run(context, { arguments: [from = '', to], options }) {
    const settings = mirrorSettings(options as MirrorFlags, (await context.config()).mirror);
    await using open = await openMirror(context, { from, to }, settings);
    const report = await mirror(open.request, open.ports);
    return {
      exit: report.summary.refused > 0 ? 1 : 0,
      json: { command: 'mirror', ...report },
      text: mirrorText(report, context),
    };
  },
};
