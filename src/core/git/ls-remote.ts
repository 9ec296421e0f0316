import { SluiceError } from '../errors.ts';
import { type ObjectFormat, objectFormatOf, type RemoteRef } from '../model/ref.ts';

/** What a remote advertises: its refs without peeled tags, HEAD's branch when known. */
export interface Advertisement {
  readonly refs: readonly RemoteRef[];
  /** Undefined for an empty repository, whose format only a newer protocol tells. */
  readonly format: ObjectFormat | undefined;
}

/**
 * Parses the output of `git ls-remote` (git-ls-remote(1), "OUTPUT"): `<oid> TAB <ref> LF`. Names are bytes; those that are not
 * UTF-8 come out with U+FFFD, which `refNameProblem` refuses, so that they are reported and not mangled.
 */
export function parseLsRemote(output: Buffer): Advertisement {
  const refs: RemoteRef[] = [];
  for (const line of output.toString('utf8').split('\n')) {
    if (line === '') continue;
    const tab = line.indexOf('\t');
    const oid = line.slice(0, tab);
    const name = line.slice(tab + 1);
    if (tab < 0 || !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(oid)) {
      throw new SluiceError(
        'unavailable',
        `git ls-remote printed a line that is not "<oid> <ref>": ${line.slice(0, 120)}`,
      );
    }
    if (name !== 'HEAD' && !name.endsWith('^{}')) refs.push({ name, oid });
  }
  const first = refs[0];
  return { refs, format: first === undefined ? undefined : objectFormatOf(first.oid) };
}
