import * as z from 'zod/mini';
import {
  argv,
  count,
  duration,
  flag,
  globs,
  isolations,
  key,
  mustBe,
  needed,
  secrets,
  section,
  text,
  texts,
  update,
  variables,
} from './values.ts';

function changes() {
  return z.strictObject({
    as: key(text, 'Destination branch, from {number}, {head.owner}, {head.ref}; default pr/{number}'),
    trust: key(texts, 'Who is trusted: internal, author:…, label:…, review:…, comment:…; default [internal]'),
    guard: key(globs, 'Paths whose change needs a review by a writer'),
    includeInternal: key(flag, 'Also change requests whose head is in the same repository; default false'),
  });
}

function mirror() {
  return z.strictObject({
    to: key(text, 'Destination repository; default: the same repository'),
    changes: section(
      () => z.union([flag, changes()], mustBe('true, false, or a section')),
      'Mirror change requests, and how',
    ),
    branches: key(globs, 'Branches to mirror'),
    tags: key(globs, 'Tags to mirror'),
    exclude: key(globs, 'Branches and tags to leave out'),
    refs: key(texts, 'Explicit refspecs SRC:DST, * allowed'),
    as: key(text, 'Destination branch of branches, from {name}; default {name}'),
    update: key(update, 'ff: only forward; force: also rewrite'),
    prune: key(flag, 'Delete destination refs of this mapping whose source is gone'),
    atomic: key(flag, 'All refs or none'),
    create: key(flag, 'Create the destination through its API'),
    verify: key(flag, 'Read the destination again after a push'),
  });
}

function run() {
  return z.strictObject({
    name: needed(text, 'Name of the run; the context of its commit status'),
    on: key(z.array(z.enum(['push', 'change', 'tag', 'delete'])), 'Events that start it; default [push, change]'),
    branches: key(globs, 'Branches it runs for; default all'),
    command: needed(argv, 'Program and arguments'),
    checkout: key(flag, 'Start in a checkout of the commit; default false'),
    timeout: key(duration, 'Time limit'),
    isolation: key(z.enum(isolations), 'How it is shut in; default none'),
    image: key(text, 'Container image, for isolation podman or docker'),
    network: key(flag, 'The network is open to an isolated command; default false'),
    env: key(variables, 'Names of variables it may see'),
  });
}

function poll() {
  return z.strictObject({
    interval: key(duration, 'Time between two looks; default 60s, at least 5s'),
    file: key(text, 'Script inside the commit; default ci/pipeline, then ci/pipeline.*'),
    run: key(argv, "The operator's own command instead of a file of the commit"),
    branches: key(globs, 'Branches to watch; default all'),
    exclude: key(globs, 'Branches and tags to leave out'),
    tags: key(globs, 'Tags to watch'),
    prs: key(flag, 'Watch change requests too; default false'),
    initial: key(z.enum(['run', 'baseline']), 'What the first sight of the repository does; default baseline'),
    concurrency: key(count(1), 'Runs at the same time; default 1'),
    runTimeout: key(duration, 'Time limit of a run'),
    keepLogs: key(count(0), 'Logs kept per repository; default 50'),
    stateDir: key(text, 'Directory of the state; default: in the user state directory'),
    result: key(
      z.array(z.enum(['status', 'notes', 'commit', 'none'])),
      'Where the outcome goes besides the local history',
    ),
    trust: key(
      texts,
      'Whose change requests run (with prs): internal, author:…, label:…, review:writer, comment:/…; default [internal]',
    ),
    guard: key(globs, 'Paths that demand an approval by a person with write access, whoever the author is'),
    isolation: key(z.enum(isolations), 'How the script is shut in; default none'),
    image: key(text, 'Container image, for isolation podman or docker'),
    network: key(flag, 'The network is open to an isolated script; default false'),
    env: key(variables, 'Names of further variables that the script may see'),
    submodules: key(flag, 'Check out submodules too; default false'),
    lfs: key(flag, 'Fetch the files that Git LFS keeps elsewhere; default false'),
  });
}

function repository() {
  return z.strictObject({
    repo: needed(text, 'alias:owner/name (* allowed), a git URL, or a path'),
    name: key(
      z.string().check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'must be letters, digits, ".", "_" or "-"')),
      'Unique short name, for /hooks/NAME and file names',
    ),
    webhook: key(
      z.strictObject({ secrets: needed(secrets, 'Secrets of its webhook; several while one is being replaced') }),
      'How deliveries are authenticated',
    ),
    mirror: section(mirror, 'What is mirrored, and where to'),
    run: section(
      () => z.union([z.array(run()), argv], mustBe('a list of runs, or one command as a list')),
      'Commands to run; a plain list of words is one command for every push and change request',
    ),
    trust: key(
      texts,
      'Whose change requests run scripts and are mirrored: internal, author:…, label:…, review:writer, comment:/…; default [internal]',
    ),
    guard: key(globs, 'Paths that demand an approval by a person with write access, whoever the author is'),
    runMirrored: key(flag, 'Pushes that sluice itself made when mirroring run scripts too; default false'),
    statuses: key(flag, 'Set commit statuses; default true'),
    poll: section(poll, 'How the repository is watched without webhooks'),
  });
}

export function repositories() {
  return z.array(repository(), mustBe('a list of repositories'));
}
