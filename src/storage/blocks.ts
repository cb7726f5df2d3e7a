import { type Database, repository } from './sqlite.ts';

/** Users and guilds whom the operator lets ask for nothing. */
export interface BlockStore {
  has(kind: BlockKind, id: string): Promise<boolean>;
  set(kind: BlockKind, id: string, isBlocked: boolean): Promise<void>;
}

type BlockKind = 'user' | 'guild';

/** Blocks in the open database. */
export function createBlockStore(database: Database): BlockStore {
  const select = database.prepare('SELECT 1 FROM blocks WHERE kind = ? AND id = ?');
  const insert = database.prepare('INSERT OR IGNORE INTO blocks VALUES (?, ?)');
  const remove = database.prepare('DELETE FROM blocks WHERE kind = ? AND id = ?');
  return repository<BlockStore>({
    has: (kind, id) => select.get([kind, id]) !== undefined,
    set: (kind, id, isBlocked) => void (isBlocked ? insert : remove).run([kind, id]),
  });
}
