import { SluiceError } from '../errors.ts';
import { didYouMean } from '../model/nearest.ts';

/** One way in which a change request can become trusted; any one of a list is enough. */
export type TrustPolicy =
  /** Head and base are in the same repository: its author can push there. */
  | { readonly kind: 'internal' }
  /** What the forge says of the author (`MEMBER`), exactly; the forge's words are upper case. */
  | { readonly kind: 'association'; readonly association: string }
  | { readonly kind: 'login'; readonly login: string }
  /** Put on by a writer, after the head became what it is. */
  | { readonly kind: 'label'; readonly label: string }
  /** Approved by a writer, for exactly this commit. */
  | { readonly kind: 'review' }
  /** A line of its own in a writer's comment, after the head became what it is, or with the commit beside it. */
  | { readonly kind: 'comment'; readonly command: string };

/** GitHub's author associations that say something good of a person; the others would let everybody in. */
const associations = ['OWNER', 'MEMBER', 'COLLABORATOR', 'CONTRIBUTOR'];
const strangers = ['NONE', 'FIRST_TIMER', 'FIRST_TIME_CONTRIBUTOR', 'MANNEQUIN'];

const forms = 'internal, author:MEMBER, author:<login>, label:<name>, review:writer, comment:/<command>';

/** Reads `trust:` of the configuration. What is no policy is SluiceError('config'): a mistyped one must not open or shut a door. */
export function parsePolicies(texts: readonly string[]): readonly TrustPolicy[] {
  return texts.map(parsePolicy);
}

function parsePolicy(text: string): TrustPolicy {
  const colon = text.indexOf(':');
  const kind = colon < 0 ? text : text.slice(0, colon);
  const value = colon < 0 ? '' : text.slice(colon + 1).trim();
  switch (kind) {
    case 'internal':
      if (colon < 0) return { kind };
      break;
    case 'author':
      if (value !== '') return authorPolicy(value);
      break;
    case 'label':
      if (value !== '') return { kind, label: value };
      break;
    case 'review':
      if (value === 'writer' || colon < 0) return { kind };
      break;
    case 'comment':
      if (/^\/[\w-]+$/.test(value)) return { kind, command: value };
      break;
  }
  const near = didYouMean(kind, ['internal', 'author', 'label', 'review', 'comment']);
  throw new SluiceError('config', `${JSON.stringify(text)} is not a trust policy${near}`, {
    hint: `Write one of ${forms}`,
  });
}

function authorPolicy(value: string): TrustPolicy {
  if (associations.includes(value)) return { kind: 'association', association: value };
  if (strangers.includes(value)) {
    throw new SluiceError('config', `the trust policy "author:${value}" would trust every stranger`, {
      hint: `Associations that may be trusted: ${associations.join(', ')}`,
    });
  }
  return { kind: 'login', login: value };
}
