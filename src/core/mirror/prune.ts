import { SluiceError } from '../errors.ts';
import { type RefName, type RemoteRef, shortName } from '../model/ref.ts';
import type { Mapping } from './plan.ts';
import { matcher, type Selection, selectsNothing, starPattern } from './select.ts';
import { parseTemplate, type Template, templateNamespace, templatePattern } from './template.ts';

/**
 * Destination refs that this mapping owns and whose source is gone. Owned is only what the mapping itself can produce:
 * for `--prs` the names of the template, for `--pr N` those of N, for globs the names that match them, for refspecs their
 * right side. Everything else at the destination is somebody else's.
 */
export function pruneCandidates(
  destination: readonly RemoteRef[],
  mappings: readonly Mapping[],
  selection: Selection,
  template: Template | undefined,
): readonly RemoteRef[] {
  const kept = new Set(mappings.map((mapping) => mapping.target));
  const owned = ownership(selection, template);
  return destination.filter((ref) => !kept.has(ref.name) && owned.some((owns) => owns(ref.name)));
}

/** The change request whose mirror this ref is, when the template says so. */
export function changeNumberOf(name: RefName, template: Template | undefined): number | undefined {
  if (!name.startsWith('refs/heads/')) return undefined;
  const number = templatePattern(template ?? changeTemplate).exec(shortName(name))?.groups?.number;
  return number === undefined ? undefined : Number(number);
}

const changeTemplate = parseTemplate('pr/{number}');

type Owns = (name: RefName) => boolean;

function ownership(selection: Selection, template: Template | undefined): readonly Owns[] {
  return [
    ...changeOwnership(selection, template ?? changeTemplate),
    ...namedOwnership(selection, template ?? parseTemplate('{name}')),
    ...selection.refspecs.map((refspec): Owns => {
      const pattern = starPattern(refspec.to);
      return (name) => pattern.test(name);
    }),
  ];
}

function changeOwnership(selection: Selection, template: Template): readonly Owns[] {
  if (!selection.allChanges && selection.numbers.length === 0) return [];
  if (templateNamespace(template) === undefined) {
    throw new SluiceError('usage', '--prune needs an --as that keeps change requests in a directory of their own', {
      hint: 'For example --as "pr/{number}": a template that begins with a placeholder would own other branches too.',
    });
  }
  const pattern = templatePattern(template);
  if (selection.allChanges) return [(name) => name.startsWith('refs/heads/') && pattern.test(shortName(name))];
  const numbers = new Set(selection.numbers.map(String));
  return [
    (name) => {
      const number = name.startsWith('refs/heads/') ? pattern.exec(shortName(name))?.groups?.number : undefined;
      return number !== undefined && numbers.has(number);
    },
  ];
}

function namedOwnership(selection: Selection, template: Template): readonly Owns[] {
  const pattern = templatePattern(template);
  const globs = (chosen: readonly string[]) => matcher(selectsNothing(selection) ? ['**'] : chosen, selection.exclude);
  const owner = (prefix: string, chosen: readonly string[]): Owns => {
    const matches = globs(chosen);
    return (name) => {
      const original = name.startsWith(prefix) ? pattern.exec(shortName(name))?.groups?.name : undefined;
      return original !== undefined && matches(original);
    };
  };
  return [owner('refs/heads/', selection.branches), owner('refs/tags/', selection.tags)];
}
