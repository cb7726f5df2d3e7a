/**
 * The database's shape, one step per entry. `PRAGMA user_version` counts the steps taken, so an entry is never changed
 * after a release: a new shape is a new entry at the end.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE jobs (
    sequence       INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT NOT NULL UNIQUE,
    state          TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    guild_id       TEXT,
    address        TEXT NOT NULL,
    settings       TEXT NOT NULL,
    fit            TEXT NOT NULL,
    max_bytes      INTEGER NOT NULL,
    attempts       INTEGER NOT NULL DEFAULT 0,
    created_at_ms  INTEGER NOT NULL,
    finished_at_ms INTEGER,
    error_code     TEXT
  ) STRICT;
  CREATE INDEX jobs_by_state ON jobs (state, sequence);

  -- Bytes live apart from the rows, so that listing jobs never reads them.
  CREATE TABLE pictures (
    job_id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    bytes  BLOB NOT NULL
  ) STRICT;
  CREATE TABLE clips (
    job_id TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    bytes  BLOB NOT NULL,
    made   TEXT NOT NULL
  ) STRICT;

  CREATE TABLE estimates (
    key              TEXT PRIMARY KEY,
    seconds_before   REAL NOT NULL,
    seconds_per_step REAL NOT NULL,
    seconds_after    REAL NOT NULL
  ) STRICT;
  CREATE TABLE facts (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- What the requester still has to be told of the job's end (JSON); NULL once it is said, or where the clip says it.
  ALTER TABLE jobs ADD COLUMN untold TEXT;
  `,
  `
  -- Wishes of the last day, for cooldown and daily quota. Apart from the jobs, so that deleting one's data lifts no limit.
  CREATE TABLE uses (
    job_id   TEXT PRIMARY KEY,
    user_id  TEXT NOT NULL,
    guild_id TEXT,
    at_ms    INTEGER NOT NULL,
    refunded INTEGER NOT NULL DEFAULT 0
  ) STRICT;
  CREATE INDEX uses_by_user ON uses (user_id, at_ms);
  CREATE INDEX jobs_by_user ON jobs (user_id);

  CREATE TABLE guild_settings (
    guild_id TEXT PRIMARY KEY,
    settings TEXT NOT NULL
  ) STRICT;
  CREATE TABLE user_settings (
    user_id    TEXT PRIMARY KEY,
    wants_ping INTEGER NOT NULL
  ) STRICT;
  -- kind: user or guild
  CREATE TABLE blocks (
    kind TEXT NOT NULL,
    id   TEXT NOT NULL,
    PRIMARY KEY (kind, id)
  ) STRICT;
  `,
  `
  -- The clip's form, and the job that it goes on from (JSON); NULL where there is none.
  ALTER TABLE jobs ADD COLUMN form TEXT;
  ALTER TABLE jobs ADD COLUMN parent TEXT;
  -- The frames, as an MP4, for clips that are made from this one.
  ALTER TABLE clips ADD COLUMN master BLOB;
  `,
];
