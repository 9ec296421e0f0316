export type Json = Readonly<Record<string, unknown>>;

/** An OpenAPI 3.0 document, as far as it is read here. */
export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

export interface Operation {
  readonly parameters?: readonly (Parameter | Reference)[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Content };
  readonly responses: Readonly<Record<string, Response | Reference>>;
}

export interface Parameter {
  readonly name: string;
  readonly in: 'query' | 'path' | 'header';
  readonly required?: boolean;
  readonly schema: Json;
}

export interface Response {
  readonly content?: Content;
}

export type Content = Readonly<Record<string, { readonly schema: Json }>>;

export interface Reference {
  readonly $ref: string;
}

/** The object itself, or what its `$ref` points to. */
export function resolved<T extends object>(document: Document, value: T | Reference): T {
  if (!('$ref' in value) || typeof value.$ref !== 'string') return value as T;
  const [, , group = '', name = ''] = value.$ref.split('/');
  const target = document.components[group]?.[name];
  if (target === undefined) throw new Error(`the description has no ${value.$ref}`);
  return resolved(document, target as T);
}

export interface FoundOperation {
  readonly operation: Operation;
  /** `{owner}` → `acme`, percent-decoded. */
  readonly pathParameters: ReadonlyMap<string, string>;
}

/** The operation of a request whose path is percent-encoded and without the API's own prefix. */
export function findOperation(document: Document, method: string, path: string): FoundOperation | undefined {
  const segments = path.split('/');
  const candidates = Object.entries(document.paths)
    .map(([template, item]) => ({ item, parameters: matchPath(template.split('/'), segments) }))
    .filter(({ parameters }) => parameters !== undefined)
    // Literal segments win over parameters.
    .toSorted((a, b) => (a.parameters?.size ?? 0) - (b.parameters?.size ?? 0));
  const [best] = candidates;
  const operation = best?.item[method.toLowerCase()];
  if (operation === undefined || best?.parameters === undefined) return undefined;
  return { operation, pathParameters: best.parameters };
}

function matchPath(template: readonly string[], segments: readonly string[]): Map<string, string> | undefined {
  if (template.length !== segments.length) return undefined;
  const parameters = new Map<string, string>();
  for (const [at, part] of template.entries()) {
    const segment = segments[at] ?? '';
    const name = /^\{(.+)\}$/.exec(part)?.[1];
    if (name === undefined && part !== segment) return undefined;
    if (name !== undefined) parameters.set(name, decodeURIComponent(segment));
  }
  return parameters;
}
