import { SluiceError } from '../../errors.ts';
import { rememberSecret } from '../../secret.ts';
import type { Connections } from './connections.ts';
import { exchange, type HttpAnswer, type HttpLimits } from './http-exchange.ts';
import { statusFailure } from './http-failure.ts';
import type { Answer, ExchangeOptions, RequestBody, Service, Transport } from './transport.ts';

/** Headers that authenticate one request; asked anew for every request, so short-lived tokens may rotate. */
export type WireAuthenticate = () => Promise<Readonly<Record<string, string>>>;

export interface HttpTransportOptions extends HttpLimits {
  readonly connections: Connections;
  readonly authenticate?: WireAuthenticate | undefined;
  readonly userAgent: string;
}

const maxRedirects = 5;
const redirects3xx: readonly number[] = [301, 302, 303, 307, 308];

/** The smart protocol over HTTP(S), gitprotocol-http(5). A user and password in the URL become Basic authentication. */
export function openHttpTransport(address: URL, options: HttpTransportOptions): Transport {
  const { connections, connectTimeoutMs, idleTimeoutMs } = options;
  const authenticate = options.authenticate ?? basicOf(address);
  const url = withoutCredentials(address);
  // Where requests go after the discovery: GitHub and others redirect a renamed repository, and git follows as well.
  let base = url;

  async function send(request: {
    readonly method: 'GET' | 'POST';
    readonly target: string;
    readonly purpose: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body?: RequestBody;
    readonly repeatable: boolean;
    readonly options: ExchangeOptions;
  }): Promise<HttpAnswer> {
    const { target, headers, options: call, ...rest } = request;
    const all = {
      'user-agent': options.userAgent,
      'accept-encoding': 'gzip',
      ...headers,
      ...(await authenticate()),
    };
    return exchange({
      ...rest,
      ...call,
      url: new URL(target),
      headers: all,
      connections,
      connectTimeoutMs,
      idleTimeoutMs,
    });
  }

  async function advertise(service: Service, call: ExchangeOptions = {}): Promise<Answer | undefined> {
    const purpose = `${service === 'git-upload-pack' ? 'read' : 'ask to write to'} ${url}`;
    const tail = `/info/refs?service=${service}`;
    // Not for receive-pack: there is no version 2 of it, and git http-backend would leave out the service header.
    const headers: Record<string, string> = service === 'git-upload-pack' ? { 'git-protocol': 'version=2' } : {};
    let target = url + tail;
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      const answer = await send({ method: 'GET', target, purpose, headers, repeatable: true, options: call });
      if (answer.status === 200 && mediaType(answer) === `application/x-${service}-advertisement`) {
        base = target.slice(0, -tail.length);
        return answer.body;
      }
      answer.discard();
      if (answer.status === 200) return undefined;
      if (!redirects3xx.includes(answer.status)) throw statusFailure(purpose, answer);
      target = redirection(target, answer.headers.location, tail, purpose);
    }
    throw new SluiceError('not-found', `${purpose}: more than ${maxRedirects} redirects`, { hint: 'Check the URL.' });
  }

  async function request(service: Service, body: RequestBody, call: ExchangeOptions = {}): Promise<Answer> {
    const purpose = `${service === 'git-upload-pack' ? 'read' : 'write to'} ${url}`;
    const answer = await send({
      method: 'POST',
      target: `${base}/${service}`,
      purpose,
      headers: {
        'content-type': `application/x-${service}-request`,
        accept: `application/x-${service}-result`,
        ...(service === 'git-upload-pack' && { 'git-protocol': 'version=2' }),
      },
      body,
      repeatable: service === 'git-upload-pack' && body instanceof Uint8Array,
      options: call,
    });
    if (answer.status === 200 && mediaType(answer) === `application/x-${service}-result`) return answer.body;
    answer.discard();
    if (answer.status !== 200) throw statusFailure(purpose, answer);
    throw new SluiceError('unavailable', `${purpose}: the answer is ${mediaType(answer) || 'untyped'}, not git's`, {
      hint: 'A proxy or a sign-in page may stand before the server.',
    });
  }

  return { url, advertise, request, close: () => {} };
}

/** The next place of a redirected discovery: same origin and same tail, or an error that names the place. */
function redirection(from: string, location: string | undefined, tail: string, purpose: string): string {
  const next = location === undefined ? undefined : URL.parse(location, from);
  if (!next) throw new SluiceError('unavailable', `${purpose}: a redirect to nowhere`, { hint: 'Check the URL.' });
  const shown = withoutCredentials(next);
  if (next.origin !== new URL(from).origin || !shown.endsWith(tail)) {
    // Credentials are for the configured host only, and whoever runs that host must not be able to send sluice anywhere.
    throw new SluiceError('not-found', `${purpose}: it redirects to ${shown}, which is not followed`, {
      hint: 'If you trust that place, use its URL instead.',
    });
  }
  return shown;
}

function withoutCredentials(address: URL): string {
  const bare = new URL(address);
  bare.username = '';
  bare.password = '';
  bare.hash = '';
  return bare.href.replace(/\/$/, '');
}

function basicOf(address: URL): WireAuthenticate {
  if (address.username === '') return async () => ({});
  const pair = `${decoded(address.username)}:${decoded(address.password)}`;
  const encoded = Buffer.from(pair).toString('base64');
  rememberSecret(encoded);
  return async () => ({ authorization: `Basic ${encoded}` });
}

/** Only whole escapes: a bare `%` in a password is meant as it stands, as git takes it. */
function decoded(part: string): string {
  return part.replace(/(?:%[0-9a-f]{2})+/gi, (escapes) => Buffer.from(escapes.replaceAll('%', ''), 'hex').toString());
}

function mediaType(answer: HttpAnswer): string {
  return (answer.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
}
