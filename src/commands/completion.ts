import type { CommandOutcome, CommandSpec, OptionSpec } from '../core/plugins/command.ts';
import type { BuiltInCommand } from './built-in.ts';
import { globalOptions } from './global-options.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/** `sluice completion bash|zsh|fish`: a script made from the same specs as the help, so it cannot fall behind. */
export function completionCommand(builtIn: readonly BuiltInCommand[]): CommandSpec {
  return {
    name: 'completion',
    summary: 'print the completion script for bash, zsh or fish',
    subcommands: (['bash', 'zsh', 'fish'] as const).map((shell) => ({
      name: shell,
      summary: `the script for ${shell}`,
      examples: [{ note: 'for every new shell', command: installLine(shell) }],
      run: () => script(shell, builtIn),
    })),
  };
}

function installLine(shell: Shell): string {
  if (shell === 'fish') return 'sluice completion fish > ~/.config/fish/completions/sluice.fish';
  if (shell === 'zsh') return 'sluice completion zsh > ~/.zfunc/_sluice';
  return 'sluice completion bash > ~/.local/share/bash-completion/completions/sluice';
}

/** Words that may follow a path of command words. */
interface Place {
  readonly path: string;
  readonly words: readonly {
    readonly word: string;
    readonly about: string;
    readonly takesValue: boolean;
    readonly choices: readonly string[];
  }[];
}

async function script(shell: Shell, builtIn: readonly BuiltInCommand[]): Promise<CommandOutcome> {
  const specs = await Promise.all(builtIn.map((command) => command.load()));
  const root = { name: '', summary: '', subcommands: specs };
  const places = collect(root, '');
  const text = { bash, zsh, fish }[shell](places);
  return { exit: 0, text, json: { command: 'completion', shell, script: text } };
}

function collect(spec: CommandSpec, path: string): readonly Place[] {
  const children = spec.subcommands ?? [];
  const words = [
    ...children.map(({ name, summary }) => ({ word: name, about: summary, takesValue: false, choices: [] })),
    ...[...(spec.options ?? []), ...globalOptions, help].flatMap(flagWords),
  ];
  return [{ path, words }, ...children.flatMap((child) => collect(child, `${path} ${child.name}`.trim()))];
}

const help: OptionSpec = { flags: '-h, --help', description: 'display help for command' };

function flagWords(option: OptionSpec): Place['words'] {
  return option.flags
    .split(/, | /)
    .filter((word) => word.startsWith('-'))
    .map((word) => ({
      word,
      about: option.description,
      takesValue: option.flags.includes('<'),
      choices: option.choices ?? [],
    }));
}

function bash(places: readonly Place[]): string {
  const cases = places.map(({ path, words }) => `    '${path}') words='${words.map(({ word }) => word).join(' ')}' ;;`);
  const choices = choiceFlags(places).map(
    ([flag, values]) => `    ${flag}) COMPREPLY=($(compgen -W '${values.join(' ')}' -- "$current")); return ;;`,
  );
  const paths = places.map(({ path }) => `'${path}'`).join(' | ');
  return `# bash completion for sluice
_sluice() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} path='' words='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${path:+$path }$word" in
      ${paths}) path="\${path:+$path }$word" ;;
    esac
  done
  case $previous in
${choices.join('\n')}
  esac
  case $path in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [[ $current == -* ]] || COMPREPLY+=($(compgen -f -- "$current"))
}
complete -o filenames -F _sluice sluice git-sluice`;
}

function zsh(places: readonly Place[]): string {
  const cases = places.map(({ path, words }) => {
    const lines = words.map(({ word, about }) => `        ${quoted(`${word.replaceAll(':', '\\:')}:${about}`)}`);
    return `    ${quoted(path)})\n      candidates=(\n${lines.join('\n')}\n      ) ;;`;
  });
  const paths = places.map(({ path }) => quoted(path)).join('|');
  return `#compdef sluice git-sluice
_sluice() {
  local place='' word
  local -a candidates
  for word in \${words[2,CURRENT-1]}; do
    case "\${place:+$place }$word" in
      ${paths}) place="\${place:+$place }$word" ;;
    esac
  done
  case $place in
${cases.join('\n')}
  esac
  _describe -t commands sluice candidates
  [[ $PREFIX == -* ]] || _files
}
compdef _sluice sluice git-sluice`;
}

function fish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words }) => {
    const parts = path === '' ? [] : path.split(' ');
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`);
    const nothing = path === '' ? ['__fish_use_subcommand'] : [];
    const condition = quoted([...seen, ...nothing].join('; and '));
    return words.map(({ word, about, takesValue, choices }) => {
      const flag = word.startsWith('--')
        ? `-l ${word.slice(2)}`
        : word.startsWith('-')
          ? `-s ${word.slice(1)}`
          : `-a ${word}`;
      const value = choices.length > 0 ? ` -x -a ${quoted(choices.join(' '))}` : takesValue ? ' -r' : '';
      return `complete -c sluice -n ${condition} ${flag}${value} -d ${quoted(about)}`;
    });
  });
  return ['# fish completion for sluice', ...lines].join('\n');
}

function choiceFlags(places: readonly Place[]): readonly (readonly [string, readonly string[]])[] {
  const flags = places.flatMap(({ words }) => words.filter(({ choices }) => choices.length > 0));
  return [...new Map(flags.map(({ word, choices }) => [word, choices] as const))];
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
