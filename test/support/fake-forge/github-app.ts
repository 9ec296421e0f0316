import { type KeyObject, randomBytes, verify } from 'node:crypto';
import type { FakeAnswer } from './server.ts';

export interface FakeApp {
  readonly id: number;
  readonly publicKey: KeyObject;
  /** Logins whose repositories it is installed for, with the number of each installation. */
  readonly installations: Readonly<Record<string, number>>;
  /** Milliseconds since the epoch; GitHub's clock. Default: the real one. */
  readonly now?: () => number;
}

/** The part of the fake that knows Apps: it verifies their signature and hands out tokens that end after an hour. */
export interface FakeAppDesk {
  /** True when the header carries a valid JWT of the App. */
  isApp(authorization: string | undefined): boolean;
  isInstallation(authorization: string | undefined): boolean;
  installation(api: string, owner: string): FakeAnswer | undefined;
  createToken(installation: number): FakeAnswer | undefined;
}

const tokenLifetimeMs = 3_600_000;

export function fakeAppDesk(app: FakeApp): FakeAppDesk {
  const now = app.now ?? Date.now;
  const tokens = new Map<string, number>();
  return {
    isApp: (authorization) => isValidJwt(app, bearer(authorization), now() / 1000),
    isInstallation: (authorization) => (tokens.get(bearer(authorization)) ?? 0) > now(),
    installation(api, owner) {
      const id = app.installations[owner.toLowerCase()];
      return id === undefined ? undefined : { status: 200, body: installationJson(app, api, owner, id) };
    },
    createToken(installation) {
      if (!Object.values(app.installations).includes(installation)) return undefined;
      const token = `ghs_${randomBytes(18).toString('hex')}`;
      const expires = Math.floor((now() + tokenLifetimeMs) / 1000) * 1000;
      tokens.set(token, expires);
      return { status: 201, body: { token, expires_at: new Date(expires).toISOString().replace('.000', '') } };
    },
  };
}

function bearer(authorization: string | undefined): string {
  return /^Bearer (.+)$/.exec(authorization ?? '')?.[1] ?? '';
}

/** GitHub's rules: signed by the App's key, issued in the past, ending within ten minutes. */
function isValidJwt(app: FakeApp, jwt: string, now: number): boolean {
  const [header, claims, signature] = jwt.split('.');
  if (header === undefined || claims === undefined || signature === undefined) return false;
  const signed = Buffer.from(`${header}.${claims}`);
  if (!verify('sha256', signed, app.publicKey, Buffer.from(signature, 'base64url'))) return false;
  const { iat, exp, iss } = JSON.parse(Buffer.from(claims, 'base64url').toString());
  return String(iss) === String(app.id) && iat <= now && exp > now && exp <= now + 600;
}

function installationJson(app: FakeApp, api: string, owner: string, id: number): unknown {
  return {
    id,
    account: null,
    app_id: app.id,
    app_slug: 'sluice',
    target_id: 1,
    target_type: 'Organization',
    repository_selection: 'all',
    access_tokens_url: `${api}/app/installations/${id}/access_tokens`,
    repositories_url: `${api}/installation/repositories`,
    html_url: `${api}/organizations/${owner}/settings/installations/${id}`,
    permissions: { contents: 'write', pull_requests: 'read' },
    events: [],
    single_file_name: null,
    suspended_by: null,
    suspended_at: null,
    created_at: '2024-01-02T03:04:05Z',
    updated_at: '2024-01-02T03:04:05Z',
  };
}
