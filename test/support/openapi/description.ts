import { Ajv, type ValidateFunction } from 'ajv';
import type { LoggedRequest } from '../fake-forge/server.ts';
import { type Document, findOperation, type Json, type Operation, resolved } from './document.ts';
import { toJsonSchema, toJsonSchemas } from './json-schema.ts';

/** What GitHub's own description says against a request, and against the fake's answer to it. */
export interface Description {
  /** One sentence for each violation. A request that was answered by a fault has no answer to judge. */
  violations(request: LoggedRequest): readonly string[];
  describes(request: Pick<LoggedRequest, 'method' | 'url'>): boolean;
}

export interface DescriptionOptions {
  /** Path prefix of the fake's API. */
  readonly apiPath: string;
  /** Where the server is known to send null and the description forgot to say so: `pull-request/head/repo`. */
  readonly nullable?: readonly string[];
}

const id = 'description';

/** `text` is an OpenAPI 3.0 document in JSON. */
export function parseDescription(text: string, options: DescriptionOptions): Description {
  const document = JSON.parse(text) as Document;
  for (const place of options.nullable ?? []) allowNull(document, place.split('/'));
  const validator = schemaValidator(document);

  const find = ({ method, url }: Pick<LoggedRequest, 'method' | 'url'>) =>
    findOperation(document, method, url.pathname.slice(options.apiPath.length));

  return {
    describes: (request) => find(request) !== undefined,
    violations(request) {
      const name = `${request.method} ${request.url.pathname}`;
      const found = find(request);
      if (found === undefined) return [`${name} is not described`];
      return [
        ...parameterViolations(document, found.operation, found.pathParameters, request.url, validator),
        ...bodyViolations(found.operation, request, validator),
        ...answerViolations(document, found.operation, request, validator),
      ].map((violation) => `${name}: ${violation}`);
    },
  };
}

/** Violations of a schema by a value, told with a name for it. */
type Validator = (schema: Json, value: unknown, what: string) => readonly string[];

function schemaValidator(document: Document): Validator {
  const ajv = new Ajv({ strict: false, allErrors: true, formats });
  ajv.addSchema(toJsonSchemas(document, id), id);
  const compiled = new Map<Json, ValidateFunction>();
  return (schema, value, what) => {
    const check = compiled.get(schema) ?? ajv.compile(toJsonSchema(schema, id) as Json);
    compiled.set(schema, check);
    if (check(value)) return [];
    return (check.errors ?? []).map((error) => `${what}${error.instancePath} ${error.message ?? error.keyword}`);
  };
}

const formats = {
  int32: true,
  int64: true,
  'repo.nwo': /^[^/\s]+\/[^/\s]+$/,
  email: /^[^@\s]+@[^@\s]+$/,
  uri: (text: string) => URL.canParse(text),
  'date-time': /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/,
} as const;

function parameterViolations(
  document: Document,
  operation: Operation,
  pathParameters: ReadonlyMap<string, string>,
  url: URL,
  validate: Validator,
): readonly string[] {
  const described = (operation.parameters ?? []).map((parameter) => resolved(document, parameter));
  const given = (place: string, name: string) =>
    place === 'path' ? pathParameters.get(name) : (url.searchParams.get(name) ?? undefined);
  const names = described.filter((parameter) => parameter.in === 'query').map(({ name }) => name);
  const unknown = [...url.searchParams.keys()].filter((name) => !names.includes(name));
  return [
    ...unknown.map((name) => `query parameter ${name} is not described`),
    ...described.flatMap(({ name, in: place, required, schema }) => {
      const value = given(place, name);
      if (value === undefined) return required === true ? [`${place} parameter ${name} is missing`] : [];
      return validate(schema, typed(value, schema), `${place} parameter ${name}`);
    }),
  ];
}

/** The value that a parameter's text stands for. */
function typed(text: string, { type }: Json): unknown {
  if (type === 'integer' && /^\d+$/.test(text)) return Number(text);
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true';
  return text;
}

function bodyViolations({ requestBody }: Operation, { body, headers }: LoggedRequest, validate: Validator): string[] {
  const schema = requestBody?.content['application/json']?.schema;
  if (body === undefined) return requestBody?.required === true ? ['the body is missing'] : [];
  if (schema === undefined) return ['a body is not described'];
  const known = Object.keys((schema.properties ?? {}) as Json);
  const unknown = Object.keys(body as Json).filter((key) => !known.includes(key));
  return [
    ...(headers['content-type']?.startsWith('application/json') ? [] : ['the body is not sent as JSON']),
    ...unknown.map((key) => `body key ${key} is not described`),
    ...validate(schema, body, 'body'),
  ];
}

function answerViolations(
  document: Document,
  operation: Operation,
  { answer }: LoggedRequest,
  validate: Validator,
): readonly string[] {
  if (answer === undefined) return [];
  const response = operation.responses[answer.status];
  if (response !== undefined) {
    const schema = resolved(document, response).content?.['application/json']?.schema;
    return schema === undefined ? [] : validate(schema, answer.body, `answer ${answer.status}`);
  }
  if (answer.status < 400) return [`an answer ${answer.status} is not described`];
  // The description leaves out most failures (401 nearly everywhere); they all have one form.
  return validate({ $ref: '#/components/schemas/basic-error' }, answer.body, `answer ${answer.status}`);
}

function allowNull(document: Document, [name = '', ...path]: readonly string[]): void {
  const properties = (value: unknown) => (value as { properties: Record<string, Json> }).properties;
  const last = path.at(-1);
  let holder = properties(document.components.schemas?.[name]);
  for (const key of path.slice(0, -1)) holder = properties(holder[key]);
  const schema = last === undefined ? undefined : holder[last];
  if (last === undefined || schema === undefined) throw new Error(`the description has no ${name}/${path.join('/')}`);
  holder[last] = { nullable: true, allOf: [schema] };
}
