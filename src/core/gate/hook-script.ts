import type { HookKind } from './stdin.ts';

export interface HookSettings {
  readonly kind: HookKind;
  /** Absolute paths of Node.js and of sluice's launcher, tried first; then `sluice` on PATH. */
  readonly node: string;
  readonly sluice: string;
  /** Absolute path for `--config`; undefined: it is searched for. */
  readonly config: string | undefined;
  /** Names of remotes whose pushes are not judged (pre-push only), for example that of the internal fork. */
  readonly except: readonly string[];
  /** A hook that was there before stands beside it and must agree. */
  readonly chained: boolean;
}

const mark = '# written by: sluice gate install; removed by: sluice gate uninstall';

/** The second line tells our hooks from others, whatever version wrote them. */
export function isOurHook(script: string): boolean {
  return script.split('\n', 2)[1] === mark;
}

/** Name of the file that a chained hook is kept under; git runs no hook of that name. */
export function chainedName(kind: HookKind): string {
  return `${kind}.before-sluice`;
}

/**
 * The hook as a POSIX shell script (pure). Whatever goes wrong in it ends with a status that git takes for a no. Both hooks get the
 * same arguments and the same stdin, which holds no NUL and therefore fits into a variable.
 */
export function hookScript(settings: HookSettings): string {
  const { kind, chained } = settings;
  const input = chained ? chainedPart(kind) : '';
  const start = chained ? `printf '%s' "$input" | "$@"` : 'exec "$@"';
  return `#!/bin/sh
${mark}
${input}${exceptPart(settings)}${repositoryPart}${findPart(settings)}
${start}
`;
}

function chainedPart(kind: HookKind): string {
  return `# The mark keeps the line ends, which the substitution would take away.
input=$(cat && echo .) || exit 1
input=\${input%.}
before=\${0%/*}/${chainedName(kind)}
if [ ! -e "$before" ]; then
  echo "[sluice] refused: the hook that ran before, $before, is missing" >&2
  exit 1
fi
# git skips a hook without permission to run; so does this one.
if [ -x "$before" ]; then
  printf '%s' "$input" 2>/dev/null | "$before" "$@" || exit
fi
`;
}

function exceptPart({ kind, except }: HookSettings): string {
  if (kind !== 'pre-push' || except.length === 0) return '';
  return `case $1 in
  ${except.map(quoted).join(' | ')}) exit 0 ;;
esac
`;
}

// git binds a hook to the repository (and a pre-receive to its quarantine) by variables; a secret's command may be a git, too.
const repositoryPart = `unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_PREFIX GIT_COMMON_DIR GIT_NAMESPACE
unset GIT_QUARANTINE_PATH GIT_OBJECT_DIRECTORY GIT_ALTERNATE_OBJECT_DIRECTORIES
`;

function findPart({ kind, node, sluice, config }: HookSettings): string {
  const flags = `gate${config === undefined ? '' : ` --config ${quoted(config)}`} --${kind}`;
  return `node=${quoted(node)}
sluice=${quoted(sluice)}
if [ -x "$node" ] && [ -f "$sluice" ]; then
  set -- "$node" "$sluice" ${flags} "$@"
elif command -v sluice >/dev/null 2>&1; then
  set -- sluice ${flags} "$@"
else
  echo "[sluice] refused: this repository is guarded by sluice, which is neither at $sluice nor on PATH" >&2
  echo "[sluice] install it (npm install -g git-sluice) and run: sluice gate install" >&2
  exit 1
fi`;
}

/** A word that sh takes as it is, line breaks and quotes included. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
