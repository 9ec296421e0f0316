import * as z from 'zod/mini';
import { count, duration, flag, isolations, key, needed, secret, text, variables, webUrl } from './values.ts';

export function serve() {
  const listen = z
    .string()
    .check(
      z.regex(/^(?:unix:\/.+|(?:\[[0-9a-fA-F:.]+\]|[^\s:/]+)?:\d{1,5})$/, 'must be HOST:PORT, :PORT or unix:/PATH'),
    );

  const cidr = z
    .string()
    .check(z.regex(/^[0-9a-fA-F:.]+(?:\/\d{1,3})?$/, 'must be an address or a range such as 10.0.0.0/8'));

  return z.strictObject({
    listen: key(listen, 'HOST:PORT or unix:/PATH; default 127.0.0.1:8080'),
    baseUrl: key(webUrl, 'Address under which people and forges reach this server'),
    hooksDir: key(text, 'Directory of the hook scripts'),
    hooks: key(
      z.strictObject({
        checkout: key(flag, 'Start in a checkout of the commit; default false: in an empty directory'),
        timeout: key(duration, 'Time limit of a script, also of configured commands without one; default 1h'),
        isolation: key(z.enum(isolations), 'How they are shut in; default none'),
        image: key(text, 'Container image, for isolation podman or docker'),
        network: key(flag, 'The network is open to an isolated script; default false'),
        env: key(variables, 'Names of variables that they may see beside the documented ones'),
      }),
      'How hook scripts are run',
    ),
    dataDir: key(text, 'Directory of the embedded storage'),
    database: key(
      secret,
      'PostgreSQL address (postgres://…) for several machines; a secret, because it holds a password',
    ),
    role: key(z.enum(['all', 'listener', 'worker']), 'What this process does; default all'),
    reconcile: key(duration, 'Time between two comparisons with the forges; default 10m'),
    keep: key(duration, 'Age at which ended runs, logs and deliveries are forgotten; default 14d'),
    concurrency: key(
      z.strictObject({
        total: key(count(1), 'Jobs at the same time; default 4'),
        perRepository: key(count(1), 'Jobs of one repository at the same time; default 1'),
      }),
      'Limits of running jobs',
    ),
    public: key(flag, 'Pages may be read without logging in; default false'),
    tlsCert: key(text, 'Certificate file (PEM); read again when it changes'),
    tlsKey: key(text, 'Private key file (PEM)'),
    trustProxy: key(z.array(cidr), 'Proxies whose X-Forwarded-* headers are believed'),
    bodyLimit: key(count(1), 'Largest delivery in bytes; default 25 MiB'),
    insecureNoSecret: key(flag, 'Accept deliveries that nobody signed; default false'),
    register: key(flag, 'Create or update the webhooks at the forges; default false'),
    tunnel: key(z.enum(['smee', 'ngrok', 'cloudflared']), 'Be reachable from a private network'),
    auth: key(
      z.strictObject({
        basic: key(
          z.strictObject({
            username: needed(text, 'User name'),
            password: needed(secret, 'Password'),
          }),
          'User and password',
        ),
        bearer: key(secret, 'Token for the API'),
        proxyHeader: key(text, 'Header in which an authenticating proxy names the user'),
      }),
      'Who may read the pages',
    ),
  });
}
