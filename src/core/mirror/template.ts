import { SluiceError } from '../errors.ts';

/** What a template may name. Branches and tags have `{name}`; change requests the rest. */
export interface TemplateValues {
  readonly name?: string;
  readonly number?: string;
  readonly 'head.owner'?: string;
  readonly 'head.ref'?: string;
}

const placeholders = ['name', 'number', 'head.owner', 'head.ref'] as const;
type Placeholder = (typeof placeholders)[number];

/** A destination name with holes, parsed once: `pr/{number}` → literal, placeholder. */
export type Template = readonly (string | { readonly placeholder: Placeholder })[];

/** Parses the value of `--as`; an unknown placeholder is a usage error that lists the known ones. */
export function parseTemplate(text: string): Template {
  return text
    .split(/(\{[^{}]*\})/)
    .filter((part) => part !== '')
    .map((part) => {
      if (!part.startsWith('{')) return part;
      const name = part.slice(1, -1);
      const placeholder = placeholders.find((known) => known === name);
      if (placeholder !== undefined) return { placeholder };
      throw new SluiceError('usage', `--as ${text}: unknown placeholder {${name}}`, {
        hint: `Known are ${placeholders.map((known) => `{${known}}`).join(', ')}.`,
      });
    });
}

/** True when the template needs facts that only the forge's API has. */
export function needsChangeFacts(template: Template): boolean {
  return template.some((part) => typeof part !== 'string' && part.placeholder.startsWith('head.'));
}

/** The name for these values, or the placeholder that has none. */
export function fillTemplate(
  template: Template,
  values: TemplateValues,
): { readonly name: string } | { readonly missing: Placeholder } {
  let name = '';
  for (const part of template) {
    const value = typeof part === 'string' ? part : values[part.placeholder];
    if (value === undefined) return { missing: (part as { placeholder: Placeholder }).placeholder };
    name += value;
  }
  return { name };
}

const shapes: Record<Placeholder, string> = {
  name: '.+',
  number: '[1-9][0-9]*',
  'head.owner': '[^/]+',
  'head.ref': '.+',
};

/** Matches every name that the template can produce; the first group is `{name}` or `{number}` where it has one. */
export function templatePattern(template: Template): RegExp {
  const seen = new Set<Placeholder>();
  const body = template.map((part) => {
    if (typeof part === 'string') return part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const group = part.placeholder.replace('.', '_');
    // Written twice, a placeholder stands for the same text twice.
    if (seen.has(part.placeholder)) return `\\k<${group}>`;
    seen.add(part.placeholder);
    return `(?<${group}>${shapes[part.placeholder]})`;
  });
  return new RegExp(`^${body.join('')}$`);
}

/**
 * The literal directory that the template keeps to (`pr/` of `pr/{number}`), or undefined. Pruning change requests needs one:
 * `{head.owner}/{head.ref}` would also own the destination's `release/1.0`.
 */
export function templateNamespace(template: Template): string | undefined {
  const first = template[0];
  if (typeof first !== 'string' || !first.includes('/')) return undefined;
  return first.slice(0, first.lastIndexOf('/') + 1);
}

/**
 * Whether a change request may get any name at all with this template, that of somebody's branch too: it keeps to no directory, and
 * its author chooses the name (`{head.ref}`), or it names one branch (`main`). A number of the forge's own is nobody's choice.
 */
export function mayHitAnything(template: Template): boolean {
  if (templateNamespace(template) !== undefined) return false;
  const numbered = template.some((part) => typeof part !== 'string' && part.placeholder === 'number');
  return !numbered || needsChangeFacts(template);
}
