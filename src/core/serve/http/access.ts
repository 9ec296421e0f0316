import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { rememberSecret } from '../../secret.ts';
import type { Visitor } from '../web/layout.ts';
import type { AccessRules } from './options.ts';
import type { Peer } from './peer.ts';

/** How somebody proved who they are; `bearer` is never sent by a browser on its own, and so needs no check of the origin. */
export interface Admission extends Visitor {
  readonly by: 'basic' | 'bearer' | 'proxy' | 'nobody';
}

/** Undefined: may not come in; `challenges` are for `WWW-Authenticate`. */
export interface Access {
  admit(request: IncomingMessage, peer: Peer): Admission | undefined;
  readonly challenges: readonly string[];
  /** False: neither public nor any way to log in, so nobody ever gets in. */
  readonly open: boolean;
}

export function createAccess(rules: AccessRules): Access {
  const { basic, bearer, proxyHeader } = rules;
  const expected = basic === undefined ? undefined : basicCredentials(basic.username, basic.password.reveal());
  const header = proxyHeader?.toLowerCase();
  const mayLogIn = basic !== undefined;

  function admitted(name: string, by: Admission['by']): Admission {
    return { name, by, mayAct: true, mayLogIn: false };
  }

  function identify(request: IncomingMessage, peer: Peer): Admission | undefined {
    const named = header !== undefined && peer.viaProxy ? request.headers[header] : undefined;
    if (typeof named === 'string' && named.trim() !== '') return admitted(named.trim(), 'proxy');
    const [, scheme = '', credentials = ''] = /^(\w+) +(\S+) *$/.exec(request.headers.authorization ?? '') ?? [];
    if (expected !== undefined && basic !== undefined && scheme.toLowerCase() === 'basic')
      return isSame(credentials, expected) ? admitted(basic.username, 'basic') : undefined;
    if (scheme.toLowerCase() !== 'bearer') return undefined;
    // All are compared, so that the time does not tell which one was nearly right.
    const matches = bearer.filter((token) => isSame(credentials, token.reveal()));
    return matches.length > 0 ? admitted('token', 'bearer') : undefined;
  }

  return {
    admit(request, peer) {
      const known = identify(request, peer);
      if (known !== undefined) return known;
      return rules.public ? { name: undefined, by: 'nobody', mayAct: false, mayLogIn } : undefined;
    },
    challenges: [
      ...(basic === undefined ? [] : ['Basic realm="sluice", charset="UTF-8"']),
      ...(bearer.length === 0 ? [] : ['Bearer realm="sluice"']),
    ],
    open: rules.public || basic !== undefined || bearer.length > 0 || header !== undefined,
  };
}

function basicCredentials(username: string, password: string): string {
  const encoded = Buffer.from(`${username}:${password}`).toString('base64');
  rememberSecret(encoded);
  return encoded;
}

/** Compares digests, which have one length whatever was sent: neither content nor length can be measured. */
function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
