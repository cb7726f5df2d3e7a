import { type Database, repository } from './sqlite.ts';

/** What a person has chosen for themselves. */
export interface UserSettingsStore {
  /** Whether a clip that took long mentions them; true unless they said no. */
  wantsPing(userId: string): Promise<boolean>;
  setWantsPing(userId: string, wantsPing: boolean): Promise<void>;
  forget(userId: string): Promise<void>;
}

/** People's settings in the open database. */
export function createUserSettings(database: Database): UserSettingsStore {
  const select = database.prepare('SELECT wants_ping FROM user_settings WHERE user_id = ?');
  const upsert = database.prepare('INSERT OR REPLACE INTO user_settings VALUES (?, ?)');
  const remove = database.prepare('DELETE FROM user_settings WHERE user_id = ?');
  return repository<UserSettingsStore>({
    wantsPing: (userId) => (select.get([userId]) as { wants_ping: number } | undefined)?.wants_ping !== 0,
    setWantsPing: (userId, wantsPing) => void upsert.run([userId, wantsPing ? 1 : 0]),
    forget: (userId) => void remove.run([userId]),
  });
}
