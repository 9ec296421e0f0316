/** A way in for deliveries to a machine that the forge cannot reach. Disposing closes it. */
export interface Tunnel extends AsyncDisposable {
  /** For people: who carries the deliveries, and where. */
  readonly display: string;
  /** The address to be registered at the forge for a source. */
  addressOf(source: string): string;
}

export interface TunnelRequest {
  /** Where the server itself listens: `http://127.0.0.1:8080`. */
  readonly localUrl: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where packages of the user's own may lie. Absolute. */
  readonly cwd: string;
  readonly signal: AbortSignal;
  readonly log: {
    info(message: string): void;
    warn(message: string): void;
  };
}

export type TunnelKind = 'smee' | 'ngrok' | 'cloudflared';

/** Opens a tunnel through the client of its maker, which is loaded only now. Throws SluiceError with what is missing and where to get it. */
export async function openTunnel(
  kind: TunnelKind,
  request: TunnelRequest & { readonly smeeChannel: string | undefined },
): Promise<Tunnel> {
  switch (kind) {
    case 'smee': {
      const { openSmee } = await import('./smee.ts');
      return await openSmee(request);
    }
    case 'ngrok': {
      const { openNgrok } = await import('./ngrok.ts');
      return await openNgrok(request);
    }
    case 'cloudflared': {
      const { openCloudflared } = await import('./cloudflared.ts');
      return await openCloudflared(request);
    }
  }
}
