import { type Database, repository } from './sqlite.ts';

/** Small things to remember between runs, e.g. the hash of the registered commands. */
export interface FactStore {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
}

/** Facts in the open database. */
export function createFactStore(database: Database): FactStore {
  const select = database.prepare('SELECT value FROM facts WHERE key = ?');
  const upsert = database.prepare(
    'INSERT INTO facts (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  );
  return repository<FactStore>({
    get: (key) => (select.get([key]) as { value: string } | undefined)?.value,
    set: (key, value) => {
      upsert.run([key, value]);
    },
  });
}
