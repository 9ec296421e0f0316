import type { Reading, Writing } from './access.ts';

export interface RepositoryRow {
  readonly id: number;
  readonly key: string;
  /** `selectionText` of the last look; null: it has never been looked at. */
  readonly selection: string | null;
  readonly doubted: 0 | 1;
}

/** By key; a repository that was removed from the configuration keeps its row, so that putting it back loses nothing. */
export function findRepository(db: Reading, key: string): RepositoryRow | undefined {
  return db.get<RepositoryRow>('SELECT id, key, selection, doubted FROM repository WHERE key = :key', { key });
}

/** Ids are needed before the first look: an upsert without RETURNING, whose answer could be a lie on a full disk. */
export function addRepository(tx: Writing, key: string): void {
  tx.run('INSERT INTO repository (key) VALUES (:key) ON CONFLICT (key) DO NOTHING', { key });
}

/** Written with the events of the look, so that a crash repeats the look as a whole. */
export function setLook(tx: Writing, id: number, selection: string, doubted: boolean): void {
  tx.run('UPDATE repository SET selection = :selection, doubted = :doubted WHERE id = :id', {
    id,
    selection,
    doubted: doubted ? 1 : 0,
  });
}
