import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { SluiceError } from '../../errors.ts';
import type { Tunnel, TunnelRequest } from './tunnel.ts';

const packageName = '@ngrok/ngrok';

/** The part of ngrok's SDK that is used (https://ngrok.github.io/ngrok-javascript/). */
interface NgrokSdk {
  forward(config: { readonly addr: string; readonly authtoken: string }): Promise<NgrokListener>;
}

interface NgrokListener {
  url(): string | null;
  close(): Promise<void>;
}

/** Through ngrok's own SDK, which is a native package and therefore installed by who wants it. NGROK_AUTHTOKEN authenticates. */
export async function openNgrok({ localUrl, env, cwd }: TunnelRequest): Promise<Tunnel> {
  const authtoken = env.NGROK_AUTHTOKEN;
  if (!authtoken) {
    throw new SluiceError('config', 'the tunnel ngrok needs an account: NGROK_AUTHTOKEN is not set', {
      hint: 'The token is at https://dashboard.ngrok.com/get-started/your-authtoken.',
    });
  }
  const sdk = await loadSdk(cwd);
  const listener = await sdk.forward({ addr: localUrl, authtoken }).catch((error: unknown) => {
    throw new SluiceError('unavailable', `ngrok could not open a tunnel: ${firstLine(error, authtoken)}`, {
      hint: 'Is NGROK_AUTHTOKEN right, and ngrok reachable from here?',
    });
  });
  const url = listener.url();
  if (url === null) throw new SluiceError('unavailable', 'ngrok opened a tunnel without an address');
  return {
    display: url,
    addressOf: (source) => `${url}/hooks/${source}`,
    [Symbol.asyncDispose]: () => listener.close(),
  };
}

/** Beside sluice, or in the user's own project. */
async function loadSdk(cwd: string): Promise<NgrokSdk> {
  for (const from of [import.meta.url, join(cwd, 'package.json')]) {
    try {
      const found = createRequire(from).resolve(packageName);
      const module = (await import(pathToFileURL(found).href)) as NgrokSdk & { readonly default?: NgrokSdk };
      return module.default ?? module;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') continue;
      throw new SluiceError('config', `the package ${packageName} could not be loaded`, { cause: error });
    }
  }
  throw new SluiceError('config', `the tunnel ngrok needs the package ${packageName}`, {
    hint: `Install it beside sluice, or here: npm install ${packageName}`,
  });
}

function firstLine(error: unknown, authtoken: string): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split('\n')[0] ?? '').replaceAll(authtoken, '[secret]');
}
