import { type Database, repository } from './sqlite.ts';

/** Small things to remember between runs, e.g. the hash of the registered commands. */
export interface FactStore {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  remove(key: string): Promise<void>;
  /** All whose keys begin so. */
  list(prefix: string): Promise<{ key: string; value: string }[]>;
}

/** Facts in the open database. */
export function createFactStore(database: Database): FactStore {
  const select = database.prepare('SELECT value FROM facts WHERE key = ?');
  const upsert = database.prepare(
    'INSERT INTO facts (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  const remove = database.prepare('DELETE FROM facts WHERE key = ?');
  const list = database.prepare('SELECT key, value FROM facts WHERE substr(key, 1, length(?1)) = ?1 ORDER BY key');
  return repository<FactStore>({
    get: (key) => (select.get([key]) as { value: string } | undefined)?.value,
    set: (key, value) => {
      upsert.run([key, value]);
    },
    remove: (key) => {
      remove.run([key]);
    },
    list: (prefix) => list.all([prefix]) as { key: string; value: string }[],
  });
}
