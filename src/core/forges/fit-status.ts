import { createHash } from 'node:crypto';
import { SluiceError } from '../errors.ts';
import { type CommitStatus, cutDescription, plainLine, withoutAstral } from '../model/status.ts';
import { redact } from '../secret.ts';
import { fullOid } from './full-oid.ts';

/** How much of each field a forge takes, in UTF-16 units. */
export interface StatusLimits {
  readonly description: number;
  readonly context: number;
  /** Left out: no limit is known. */
  readonly targetUrl?: number;
  /** True: characters outside the Basic Multilingual Plane are refused. */
  readonly noAstral?: boolean;
}

/** The status in a form that the forge takes. Throws SluiceError('usage') for what no forge could take. */
export function fitStatus(status: CommitStatus, limits: StatusLimits): CommitStatus {
  const { targetUrl, ...rest } = status;
  const url = targetUrl === undefined ? undefined : fitUrl(targetUrl, limits.targetUrl);
  return {
    ...rest,
    sha: checkedSha(status.sha),
    context: fitContext(status.context, limits),
    // The last line of a log may hold the very credential with which it is about to be published.
    description: cutDescription(fitPlane(redact(status.description), limits), limits.description),
    ...(url === undefined ? {} : { targetUrl: url }),
  };
}

/** A context that is too long, or has to lose characters, gets a hash of the whole, so that no two become one. */
export function fitContext(text: string, limits: Pick<StatusLimits, 'context' | 'noAstral'>): string {
  const line = plainLine(redact(text));
  if (line === '') throw new SluiceError('usage', 'a commit status needs a context, which names it on the forge');
  const plain = fitPlane(line, limits);
  if (plain === line && line.length <= limits.context) return line;
  const hash = createHash('sha256').update(line).digest('hex').slice(0, 12);
  const head = cutDescription(plain, limits.context - hash.length - 1).replace(/…$/, '');
  return head === '' ? hash : `${head}-${hash}`;
}

function fitPlane(text: string, { noAstral = false }: Pick<StatusLimits, 'noAstral'>): string {
  return noAstral ? withoutAstral(text) : text;
}

function checkedSha(text: string): string {
  const sha = fullOid(text);
  if (sha !== undefined) return sha;
  throw new SluiceError('usage', `${JSON.stringify(text)} is not the full id of a commit`);
}

/** Undefined for one that the forge has no room for: a cut URL would lead nowhere. */
function fitUrl(text: string, limit = Number.POSITIVE_INFINITY): string | undefined {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new SluiceError('usage', 'the target URL of a commit status is not an http or https URL');
  }
  if (url.username !== '' || url.password !== '') {
    throw new SluiceError('usage', `the target URL of a commit status at ${url.host} holds a credential`, {
      hint: 'Everybody who sees the status can read it.',
    });
  }
  // Bitbucket Cloud fills in {repository.full_name} and the like when it shows the URL.
  const href = url.href.replaceAll('{', '%7B').replaceAll('}', '%7D');
  return href.length > limit ? undefined : href;
}
