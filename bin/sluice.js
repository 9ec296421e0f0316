#!/usr/bin/env node
// Only what starts fast and runs on every Node: the version is checked before anything newer is loaded, and answers that
// are known since the package was built (help, version) are printed without loading the program. Builtins come by
// getBuiltinModule, because an import of one costs 2 ms more (scripts/builtins.ts).

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`sluice needs Node.js 22.19 or newer; this is ${process.version} (${process.execPath})\n`);
  process.exit(78);
}

const answer = knownAnswer(process.argv.slice(2));
if (answer !== undefined) {
  // A reader that went away (`sluice --help | head -1`) is no failure.
  process.stdout.on('error', ({ code }) => process.exit(code === 'EPIPE' ? 0 : 69));
  process.stdout.write(answer);
} else {
  keepCompiledCode();
  await import('../dist/cli.js');
}

// In the user's own cache directory: Node's default is a folder in /tmp, where another user could put code before us.
function keepCompiledCode() {
  const { XDG_CACHE_HOME, HOME } = process.env;
  const base = XDG_CACHE_HOME || (HOME && `${HOME}/.cache`);
  if (base?.startsWith('/')) process.getBuiltinModule('node:module').enableCompileCache?.(`${base}/sluice/node`);
}

function knownAnswer(words) {
  const asked = words[0] === 'help' ? [...words.slice(1), '--help'] : words;
  const key = asked.join(' ');
  if (!/^([a-z][a-z -]*)?(--help|-h|--version|-V)$/.test(key)) return undefined;
  try {
    const { readFileSync } = process.getBuiltinModule('node:fs');
    const { version, help } = JSON.parse(readFileSync(new URL('../dist/answers.json', import.meta.url), 'utf8'));
    if (key === '--version' || key === '-V') return `${version}\n`;
    return help[key.replace(/ ?(--help|-h)$/, '')];
  } catch {
    return undefined;
  }
}
