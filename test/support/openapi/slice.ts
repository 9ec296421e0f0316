// Cuts the operations that sluice uses out of GitHub's whole description:
//   node test/support/openapi/slice.ts package/generated/api.github.com.json > test/support/openapi/github.json
import { readFile } from 'node:fs/promises';
import type { Json } from './document.ts';

/** Every operation that the client sends; a new one is added here and the slice made again. */
const operations = [
  'GET /repos/{owner}/{repo}',
  'GET /repos/{owner}/{repo}/pulls',
  'GET /repos/{owner}/{repo}/pulls/{pull_number}',
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews',
  'GET /repos/{owner}/{repo}/pulls/{pull_number}/files',
  'GET /repos/{owner}/{repo}/commits/{ref}',
  'GET /repos/{owner}/{repo}/commits/{commit_sha}/pulls',
  'GET /repos/{owner}/{repo}/commits/{ref}/check-runs',
  'GET /repos/{owner}/{repo}/commits/{ref}/statuses',
  'GET /repos/{owner}/{repo}/compare/{basehead}',
  'GET /repos/{owner}/{repo}/git/ref/{ref}',
  'GET /repos/{owner}/{repo}/contents/{path}',
  'GET /repos/{owner}/{repo}/collaborators/{username}/permission',
  'GET /repos/{owner}/{repo}/issues',
  'GET /repos/{owner}/{repo}/issues/{issue_number}/events',
  'GET /repos/{owner}/{repo}/issues/{issue_number}/comments',
  'GET /repos/{owner}/{repo}/activity',
  'GET /orgs/{org}/teams/{team_slug}/members',
  'POST /repos/{owner}/{repo}/statuses/{sha}',
  'GET /repos/{owner}/{repo}/installation',
  'GET /orgs/{org}/installation',
  'POST /app/installations/{installation_id}/access_tokens',
  'GET /users/{username}',
  'GET /user',
  'POST /user/repos',
  'POST /orgs/{org}/repos',
  'GET /repos/{owner}/{repo}/hooks',
  'POST /repos/{owner}/{repo}/hooks',
  'PATCH /repos/{owner}/{repo}/hooks/{hook_id}',
  'DELETE /repos/{owner}/{repo}/hooks/{hook_id}',
  'GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries',
  'POST /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}/attempts',
] as const;

const prose = new Set(['description', 'summary', 'example', 'examples', 'externalDocs', 'tags', 'title']);
// Below these, keys are names that GitHub chose and not words of OpenAPI.
const maps = new Set(['properties', 'schemas', 'parameters', 'responses', 'headers', 'paths']);

const [file] = process.argv.slice(2);
if (file === undefined) throw new Error('name the file of the whole description');
process.stdout.write(`${JSON.stringify(sliceOf(JSON.parse(await readFile(file, 'utf8'))))}\n`);

function sliceOf(whole: Json): Json {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const operation of operations) {
    const [method = '', path = ''] = operation.toLowerCase().split(' ');
    const described = ((whole.paths as Json)[path] as Json | undefined)?.[method];
    if (described === undefined) throw new Error(`${operation} is not in ${file}`);
    paths[path] = { ...paths[path], [method]: withoutProse(described, false) };
  }
  const { version, license } = whole.info as Json;
  const info = {
    title: "A slice of GitHub's description of its REST API, from the npm package @octokit/openapi; see README.md",
    version,
    license,
  };
  return { openapi: whole.openapi, info, paths, components: componentsFor(paths, whole) };
}

/** What the paths refer to, directly or through other components. */
function componentsFor(paths: unknown, whole: Json): Json {
  const kept: Record<string, Record<string, unknown>> = {};
  const waiting = referencesIn(paths);
  for (let reference = waiting.pop(); reference !== undefined; reference = waiting.pop()) {
    const [, , group = '', name = ''] = reference.split('/');
    const component = ((whole.components as Json)[group] as Json)[name];
    kept[group] ??= {};
    if (name in kept[group]) continue;
    kept[group][name] = withoutProse(component, false);
    waiting.push(...referencesIn(kept[group][name]));
  }
  return kept;
}

function referencesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    key === '$ref' && typeof inner === 'string' ? [inner] : referencesIn(inner),
  );
}

function withoutProse(value: unknown, isMap: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => withoutProse(item, false));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => isMap || (!prose.has(key) && !key.startsWith('x-')));
  return Object.fromEntries(entries.map(([key, inner]) => [key, withoutProse(inner, !isMap && maps.has(key))]));
}
