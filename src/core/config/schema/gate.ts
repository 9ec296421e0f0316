import * as z from 'zod/mini';
import { count, duration, flag, key, needed, text, texts } from './values.ts';

export function gate() {
  const blockOrAllow = z.enum(['block', 'allow']);

  const lookup = z.string().check(z.regex(/^(?:branch|sha|label:.+)$/, 'must be branch, sha, or label:TEMPLATE'));

  return z.strictObject({
    repos: key(texts, 'Internal repositories in which the change request is looked up'),
    forks: key(z.enum(['all', 'any']), 'With several repositories: must all say yes, or any; default all'),
    lookup: key(z.array(lookup), 'How the change request is found, tried in order; default [branch, sha]'),
    map: key(z.record(text, text), 'Glob over the pushed branch → branch of the change request'),
    bases: key(texts, 'Globs over the base branch of the change request; default: any'),
    minApprovals: key(count(0), 'Approvals that are needed; default 1'),
    requiredChecks: key(texts, 'Checks that must be green: NAME, NAME@APP, or NAME@* for any app'),
    requiredApps: key(texts, 'Apps whose checks must be green'),
    requiredTeams: key(texts, 'Teams of which at least one member each must have approved'),
    requireCodeOwners: key(
      flag,
      'Owners by CODEOWNERS of the base branch must have approved what is theirs (needs bases); default false',
    ),
    upToDate: key(flag, 'What is pushed must contain all of the base branch (needs bases); default false'),
    allowStaleApprovals: key(flag, 'Count approvals of earlier commits; default false'),
    allowSelfApproval: key(flag, "Count the author's own approval; default false"),
    allowDraft: key(flag, 'Accept drafts; default false'),
    allowBots: key(texts, 'Logins of bots whose reviews count'),
    passing: key(z.array(z.enum(['neutral', 'skipped'])), 'Conclusions beside success that let a check pass'),
    allowAncestor: key(flag, "Accept a commit that is an ancestor of the change request's head; default false"),
    ifNoPr: key(blockOrAllow, 'When there is no change request; default block'),
    ifAppMissing: key(z.enum(['block', 'warn']), 'When a required app has not reported; default block'),
    deletions: key(blockOrAllow, 'Deleted refs; default block'),
    tags: key(blockOrAllow, 'Pushed tags; default block'),
    wait: key(duration, 'Keep asking this long until the verdict is final; default 0'),
    cacheTtl: key(duration, 'How long an answer of the forge is kept; default 15s'),
    timeout: key(duration, 'Limit of one asking of all forges; default 60s'),
    setStatus: key(flag, 'Report the verdict as a commit status; default false'),
    rules: key(z.record(text, z.unknown()), 'Rules of plugins that must agree, each with its settings'),
    override: key(
      z.strictObject({
        audit: needed(text, 'File in which every override is recorded; relative to the configuration file'),
      }),
      'Allows --override in an emergency; without it nothing can be overridden',
    ),
  });
}
