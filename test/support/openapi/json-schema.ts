import type { Document, Json } from './document.ts';

// OpenAPI 3.0 writes these beside a schema; JSON Schema has other words or none for them.
const unknownKeywords = new Set(['nullable', 'example', 'deprecated', 'xml', 'externalDocs', 'discriminator']);

/**
 * All schemas of an OpenAPI 3.0 document in the words of JSON Schema, with `nullable` turned into a type beside `null`.
 * References are made to hold outside the document: `#/…` becomes `ID#/…`.
 */
export function toJsonSchemas(document: Document, id: string): Json {
  return {
    components: { schemas: mapObject(document.components.schemas ?? {}, (schema) => toJsonSchema(schema, id)) },
  };
}

export function toJsonSchema(schema: unknown, id: string): unknown {
  if (Array.isArray(schema)) return schema.map((inner) => toJsonSchema(inner, id));
  if (typeof schema !== 'object' || schema === null) return schema;
  const { $ref, nullable, ...rest } = schema as Json;
  if (typeof $ref === 'string') return { $ref: $ref.replace(/^#/, `${id}#`) };
  const entries = Object.entries(rest).filter(([key]) => !unknownKeywords.has(key) && !key.startsWith('x-'));
  const converted = Object.fromEntries(entries.map(([key, value]) => [key, keyword(key, value, id)]));
  return nullable === true ? orNull(converted) : converted;
}

function keyword(key: string, value: unknown, id: string): unknown {
  if (key === 'properties') return mapObject(value as Json, (inner) => toJsonSchema(inner, id));
  if (key === 'enum' || key === 'required' || key === 'default') return value;
  return toJsonSchema(value, id);
}

function orNull(schema: Record<string, unknown>): Json {
  if (typeof schema.type !== 'string') return { anyOf: [schema, { type: 'null' }] };
  const type = [schema.type, 'null'];
  // An enum without null would refuse what the type allows.
  return Array.isArray(schema.enum) ? { ...schema, type, enum: [...schema.enum, null] } : { ...schema, type };
}

export function mapObject(object: Json, map: (value: unknown) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}
