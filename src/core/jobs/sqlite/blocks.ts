import { deflateRawSync } from 'node:zlib';

/** Where a body is: a part of a block, before it was deflated. */
export interface Place {
  readonly block: number;
  readonly start: number;
}

/** Puts the bodies of one transaction together. */
export interface Packer {
  pack(bytes: Uint8Array): Place;
  /** Writes what was packed; before the commit. */
  finish(): void;
}

/** A larger block would have to be inflated for one small body in it. */
const mostInBlock = 2 * 1024 * 1024;

type Run = (sql: string, parameters: Readonly<Record<string, number | Uint8Array>>) => { readonly insertedId: number };

/**
 * Bodies are deflated together with their neighbours, at level 1: what is not written need not be synced, and a stream of zlib's for each
 * delivery costs more memory than the deliveries themselves.
 */
export function openPacker(run: Run): Packer {
  let block: number | undefined;
  let parts: Uint8Array[] = [];
  let size = 0;

  function finish(): void {
    if (block === undefined) return;
    const bytes = Buffer.concat(parts);
    // Nothing else happens meanwhile, and the sender waits: a large body is stored as it is.
    const deflated = deflateRawSync(bytes, { level: bytes.length > mostInBlock ? 0 : 1 });
    run('UPDATE block SET deflated = :deflated WHERE id = :block', { deflated, block });
    block = undefined;
    parts = [];
    size = 0;
  }

  return {
    pack(bytes) {
      if (size > 0 && size + bytes.length > mostInBlock) finish();
      block ??= run('INSERT INTO block (deflated) VALUES (:deflated)', { deflated: new Uint8Array() }).insertedId;
      const place = { block, start: size };
      parts.push(bytes);
      size += bytes.length;
      return place;
    },
    finish,
  };
}
