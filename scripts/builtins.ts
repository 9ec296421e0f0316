import { isBuiltin } from 'node:module';
import type { Plugin } from 'rolldown';

/**
 * Functions of builtins that take milliseconds to load and that many runs never call: loaded when one is called.
 * Not for `promisify`, which looks for a property of the function itself.
 */
const onDemand: Readonly<Record<string, readonly string[]>> = {
  'node:child_process': ['execFile', 'spawn', 'spawnSync'],
  'node:crypto': [
    'createHash',
    'createHmac',
    'createPrivateKey',
    'randomBytes',
    'randomUUID',
    'sign',
    'timingSafeEqual',
  ],
};

const builtinImport = /^import (?:([\w$]+)(?:, )?)?(?:\{([^{}]*)\} )?\s*from "(?:node:)?([a-z_]+(?:\/[a-z_]+)*)";$/gm;

/**
 * An `import` of a builtin makes Node build an ES module of it first, and for that it reads every property, lazy ones too: 4 ms
 * for `node:process` (which opens the standard streams), 2 ms for `node:fs`. A bundle gets the plain object instead, as
 * `require` would give it. `import * as` stays as it is.
 */
export function plainBuiltins(): Plugin {
  return {
    name: 'plain-builtins',
    renderChunk: (code) =>
      code.replace(builtinImport, (line: string, all: string | undefined, some: string | undefined, name: string) => {
        const id = `node:${name}`;
        if (!isBuiltin(id)) return line;
        const names = some === undefined ? [] : some.split(',').map((one) => named(one.trim(), id));
        return [...(all === undefined ? [] : [`const ${all} = ${whole(id)};`]), ...names].join(' ');
      }),
  };
}

function whole(id: string): string {
  if (id === 'node:process') return 'globalThis.process';
  const functions = onDemand[id];
  if (functions === undefined) return loaded(id);
  return `{ ${functions.map((name) => `get ${name}() { return ${loaded(id)}.${name}; }`).join(', ')} }`;
}

function named(specifier: string, id: string): string {
  const [name = '', local = name] = specifier.split(' as ');
  return onDemand[id]?.includes(name)
    ? `const ${local} = (...args) => ${loaded(id)}.${name}(...args);`
    : `const { ${name}: ${local} } = ${loaded(id)};`;
}

function loaded(id: string): string {
  // Not `process`, which may be the name of an import in the same chunk.
  return `globalThis.process.getBuiltinModule("${id}")`;
}
