import { Ajv } from 'ajv';
import { defaultLoaders } from 'cosmiconfig';
import { readCorpus } from './corpus.ts';
import type { LoggedRequest } from './fake-forge/server.ts';

type Json = Readonly<Record<string, unknown>>;

interface Operation {
  readonly query: readonly string[];
  readonly body: Json | undefined;
  answer(status: number): Json | undefined;
}

/** What a forge's own description (Swagger 2 or OpenAPI 3, JSON or YAML) says against a request and its answer. */
export interface ForgeDescription {
  problems(request: LoggedRequest): readonly string[];
}

export interface DescriptionOptions {
  /** Path prefix of the fake's API. */
  readonly apiPath: string;
  /** Query parameters that the forge documents in prose for all listings, but not in its description. */
  readonly genericQuery?: readonly string[];
}

export async function readForgeDescription(file: string, options: DescriptionOptions): Promise<ForgeDescription> {
  const text = await readCorpus(file);
  const plain = file.endsWith('.yaml') ? defaultLoaders['.yaml'](file, text) : JSON.parse(text);
  const document = absolute(await plain) as Json;
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(document, 'description');

  function against(schema: Json | undefined, value: unknown, what: string): readonly string[] {
    if (schema === undefined) return [];
    const check = ajv.compile(schema);
    if (check(value)) return [];
    return (check.errors ?? []).map((error) => `${what}${error.instancePath} ${error.message ?? error.keyword}`);
  }

  return {
    problems({ method, url, body, answer }) {
      const name = `${method} ${url.pathname}`;
      const operation = findOperation(document, method, url.pathname.slice(options.apiPath.length));
      if (operation === undefined) return [`${name} is not described`];
      const known = [...operation.query, ...(options.genericQuery ?? [])];
      const undescribed = [...url.searchParams.keys()].filter((key) => !known.includes(key));
      const keys = propertiesOf(document, operation.body);
      const extra = Object.keys((body ?? {}) as Json).filter((key) => !keys.includes(key));
      return [
        ...undescribed.map((key) => `${name}: query parameter ${key} is not described`),
        ...extra.map((key) => `${name}: body key ${key} is not described`),
        ...against(body === undefined ? undefined : operation.body, body, `${name} body`),
        ...against(operation.answer(answer?.status ?? 0), answer?.body, `${name} answer`),
      ];
    },
  };
}

function findOperation(document: Json, method: string, path: string): Operation | undefined {
  const segments = path.split('/');
  const matching = Object.entries(document.paths as Json).filter(([template]) =>
    matches(template.split('/'), segments),
  );
  // Literal segments win over parameters: /repos/search over /repos/{owner}.
  const [, item] = matching.toSorted(([a], [b]) => a.split('{').length - b.split('{').length)[0] ?? [];
  const operation = (item as Json | undefined)?.[method.toLowerCase()] as Json | undefined;
  if (operation === undefined) return undefined;
  const parameters = [...(((item as Json).parameters ?? []) as Json[]), ...((operation.parameters ?? []) as Json[])];
  const requestBody = operation.requestBody as Json | undefined;
  const swaggerBody = parameters.find((parameter) => parameter.in === 'body')?.schema as Json | undefined;
  return {
    query: parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => String(name)),
    body: swaggerBody ?? contentSchema(requestBody),
    answer(status) {
      const described = resolved(document, (operation.responses as Json)[status] as Json | undefined);
      return status >= 300 ? undefined : ((described?.schema as Json | undefined) ?? contentSchema(described));
    },
  };
}

function matches(template: readonly string[], segments: readonly string[]): boolean {
  return (
    template.length === segments.length && template.every((part, at) => part.startsWith('{') || part === segments[at])
  );
}

function contentSchema(holder: Json | undefined): Json | undefined {
  const content = holder?.content as Json | undefined;
  return (content?.['application/json'] as Json | undefined)?.schema as Json | undefined;
}

/** Names of all properties, through references and `allOf`. */
function propertiesOf(document: Json, schema: Json | undefined): readonly string[] {
  const whole = resolved(document, schema);
  if (whole === undefined) return [];
  const inherited = ((whole.allOf ?? []) as Json[]).flatMap((part) => propertiesOf(document, part));
  return [...Object.keys((whole.properties ?? {}) as Json), ...inherited];
}

function resolved(document: Json, schema: Json | undefined): Json | undefined {
  const reference = schema?.$ref;
  if (typeof reference !== 'string') return schema;
  const keys = reference.replace('description#/', '').split('/');
  return keys.reduce<unknown>((value, key) => (value as Json)[key], document) as Json;
}

/**
 * References that hold outside the document too, and null allowed for every property: the forges send it freely and their
 * descriptions do not say so.
 */
function absolute(value: unknown, isProperty = false): unknown {
  if (Array.isArray(value)) return value.map((item) => absolute(item));
  if (value === null || typeof value !== 'object') return value;
  const schema = value as Json;
  if (typeof schema.$ref === 'string') {
    const target = { $ref: schema.$ref.replace(/^#/, 'description#') };
    return isProperty ? { anyOf: [target, { type: 'null' }] } : target;
  }
  const entries = Object.entries(schema).map(([key, inner]): [string, unknown] => {
    if (key === 'properties') return [key, mapValues(inner as Json, (property) => absolute(property, true))];
    return [key, absolute(inner)];
  });
  const copy = Object.fromEntries(entries);
  if (!isProperty || typeof copy.type !== 'string') return copy;
  const nullable = { ...copy, type: [copy.type, 'null'] };
  return Array.isArray(copy.enum) ? { ...nullable, enum: [...copy.enum, null] } : nullable;
}

function mapValues(object: Json, map: (value: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
