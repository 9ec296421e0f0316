import { SluiceError } from '../errors.ts';
import { type ObjectFormat, type Oid, type RefName, shortOid } from '../model/ref.ts';
import { type BareRepository, withThrowAwayRepository } from './bare.ts';
import type { Endpoint } from './endpoint.ts';
import { gitFailure } from './failure.ts';
import { type Authorship, plumb, runPlumbing } from './plumbing.ts';
import { publishedText } from './published-text.ts';
import type { GitContext } from './remote.ts';
import { fetchSpot, pushSpot, type Refusal, type RemoteSpot, refusalError, requireRefName } from './single-ref.ts';

export interface NoteRequest extends Authorship {
  readonly format: ObjectFormat;
  /** The commit the note is about; its own objects are not needed. */
  readonly commit: Oid;
  /** Cut at 64 KB, without control characters and known secrets (`publishedText`). */
  readonly text: string;
  /** Default `refs/notes/sluice`. */
  readonly ref?: RefName;
}

export interface NoteReceipt {
  /** The commit that the notes ref of the remote points to, whose tree holds the note. */
  readonly notes: Oid;
}

// Each lost race is another writer's success, and the outbox comes back later.
const mostAttempts = 5;

/**
 * Writes the note of one commit on the remote (git-notes(1)) in place of an older one; the notes of other commits stay. Only the
 * newest notes commit and its trees are fetched, and only what changes is uploaded. The same text again pushes nothing.
 * Throws SluiceError `denied` with the remote's words, and `unavailable` when others were faster time and again.
 */
export async function addNote(context: GitContext, endpoint: Endpoint, request: NoteRequest): Promise<NoteReceipt> {
  const { format, ref = 'refs/notes/sluice' } = request;
  const purpose = `write the note of ${shortOid(request.commit)} to ${endpoint.display}`;
  requireRefName(purpose, ref);
  const spot = { context, endpoint, format, ref };
  let lost: Lost | undefined;
  for (let attempt = 0; attempt < mostAttempts; attempt += 1) {
    const outcome: NoteReceipt | Lost = await withThrowAwayRepository(context, format, (repository) =>
      tryOnce({ spot, repository, purpose }, request, lost),
    );
    if ('notes' in outcome) return outcome;
    lost = outcome;
  }
  throw new SluiceError('unavailable', `${purpose}: gave up after ${mostAttempts} attempts: ${lost?.words}`, {
    hint: 'Others write to this ref all the time; the note can be written later.',
  });
}

/** An attempt whose push was refused. */
interface Lost extends Refusal {
  readonly seen: Oid | undefined;
}

interface Scene {
  readonly spot: RemoteSpot;
  readonly repository: BareRepository;
  readonly purpose: string;
}

// `git notes` writes nowhere else than under refs/notes/, whatever the remote calls it.
const local = 'refs/notes/sluice';

async function tryOnce(scene: Scene, request: NoteRequest, lost: Lost | undefined): Promise<NoteReceipt | Lost> {
  const { spot, repository, purpose } = scene;
  const seen = await fetchSpot(spot, repository, { into: local, depth: 1 });
  // Nobody else moved the ref: it was no race, whatever the words.
  if (lost !== undefined && !lost.contended && lost.seen === seen) throw refusalError(purpose, lost);
  const notes = await writeNote(scene, request);
  if (notes === undefined && seen !== undefined) return { notes: seen };
  if (notes === undefined) throw new SluiceError('internal', `${purpose}: git wrote no note`);
  // The notes move to other paths when their number makes git change the fan-out. The sparse walk takes them for new ones there, and
  // then wants blobs that were never fetched (git-config(1), pack.useSparse); a push from a shallow repository walks everything
  // anyway, but not every server calls a first notes commit, which has no parent, shallow.
  await repository.git('config', 'pack.useSparse', 'false');
  const refusal = await pushSpot(spot, repository, { old: seen, new: notes });
  return refusal === undefined ? { notes } : { ...refusal, seen };
}

/** The new notes commit; undefined when exactly this note is there already. */
async function writeNote({ spot, repository, purpose }: Scene, request: NoteRequest): Promise<Oid | undefined> {
  const { context } = spot;
  const stdin = publishedText(request.text);
  const blob = await plumb(context, repository, { args: ['hash-object', '-w', '--stdin'], stdin, purpose });
  const args = ['notes', `--ref=${local}`, 'list', request.commit];
  const listed = await runPlumbing(context, repository, { args, purpose });
  // Status 1: no note yet.
  if (listed.status > 1) throw gitFailure(purpose, listed.stderr);
  if (listed.stdout.toString('latin1').trim() === blob) return undefined;
  const add = ['notes', `--ref=${local}`, 'add', '--force', '--allow-empty', '-C', blob, request.commit];
  await plumb(context, repository, { args: add, by: request, purpose });
  return await plumb(context, repository, { args: ['rev-parse', '--verify', local], purpose });
}
