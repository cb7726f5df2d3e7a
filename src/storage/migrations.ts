/** For SQL: what stands before bytes that must leave no trace; see the fifth migration. */
export const pageOfZeros = 'zeroblob((SELECT page_size FROM pragma_page_size))';

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
  `
  -- Pictures belong to who handed them in. Jobs refer to them, so that a clip made again needs no copy, and so that
  -- forgetting a person takes the picture from everybody's jobs.
  --
  -- A page of zeros stands before all bytes that must leave no trace. secure_delete overwrites the pages that only the
  -- deleted row had; but the start of a row shares its page with others, and when SQLite moves rows between such pages,
  -- a copy may stay in a page's unused part. With the padding, that start holds no byte of a picture or clip.
  ALTER TABLE pictures RENAME TO pictures_by_job;
  CREATE TABLE pictures (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id TEXT NOT NULL,
    padding BLOB NOT NULL,
    bytes   BLOB NOT NULL
  ) STRICT;
  CREATE INDEX pictures_by_user ON pictures (user_id);
  -- NULL: the picture was deleted. picture_forgotten: because its owner was forgotten.
  ALTER TABLE jobs ADD COLUMN picture_id INTEGER REFERENCES pictures (id) ON DELETE SET NULL;
  ALTER TABLE jobs ADD COLUMN picture_forgotten INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX jobs_by_picture ON jobs (picture_id) WHERE picture_id IS NOT NULL;

  -- Whose picture a job has: the picture of the job that it goes on from, and so on back to the first. A first job is
  -- its own origin; so is one whose parent is gone or cannot be read.
  CREATE TABLE parents AS
    SELECT id, CASE WHEN json_valid(parent) THEN json_extract(parent, '$.id') END AS parent_id FROM jobs;
  CREATE INDEX parents_by_parent ON parents (parent_id);
  CREATE TABLE origins AS
    WITH RECURSIVE line (id, origin_id) AS (
      SELECT id, id FROM parents WHERE parent_id IS NULL OR parent_id NOT IN (SELECT id FROM jobs)
      UNION
      SELECT parents.id, line.origin_id FROM line JOIN parents ON parents.parent_id = line.id
    )
    SELECT id, origin_id FROM line;
  CREATE UNIQUE INDEX origins_by_job ON origins (id);

  -- A picture's id is the sequence of the job that it came with. What an origin's picture repeats is not kept twice.
  INSERT INTO pictures (id, user_id, padding, bytes)
    SELECT jobs.sequence, origin.user_id, ${pageOfZeros}, own.bytes
    FROM pictures_by_job AS own
    JOIN jobs ON jobs.id = own.job_id
    JOIN jobs AS origin
      ON origin.id = coalesce((SELECT origin_id FROM origins WHERE origins.id = jobs.id), jobs.id)
    LEFT JOIN pictures_by_job AS original ON original.job_id = origin.id
    WHERE origin.id = jobs.id OR original.bytes IS NOT own.bytes;
  UPDATE jobs SET picture_id = coalesce(
    (SELECT pictures.id FROM pictures WHERE pictures.id = jobs.sequence),
    (SELECT origin.sequence FROM origins JOIN jobs AS origin ON origin.id = origins.origin_id WHERE origins.id = jobs.id)
  ) WHERE id IN (SELECT job_id FROM pictures_by_job);
  DROP TABLE pictures_by_job;
  DROP TABLE origins;
  DROP TABLE parents;

  ALTER TABLE clips RENAME TO clips_unpadded;
  CREATE TABLE clips (
    job_id  TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    made    TEXT NOT NULL,
    padding BLOB NOT NULL,
    bytes   BLOB NOT NULL,
    master  BLOB
  ) STRICT;
  INSERT INTO clips (job_id, made, padding, bytes, master)
    SELECT job_id, made, iif(length(bytes) > 0, ${pageOfZeros}, x''), bytes, master FROM clips_unpadded;
  DROP TABLE clips_unpadded;

  -- When the clip was ready; a clip that nobody can be given is kept from then on for as long as others are.
  ALTER TABLE jobs ADD COLUMN rendered_at_ms INTEGER;
  -- How far a render has come, to go on from; only of jobs that have not been rendered to the end.
  CREATE TABLE checkpoints (
    job_id  TEXT PRIMARY KEY REFERENCES jobs (id) ON DELETE CASCADE,
    padding BLOB NOT NULL,
    bytes   BLOB NOT NULL
  ) STRICT;

  -- Which process works with this database: at most one row. See lease.ts.
  CREATE TABLE lease (
    only_row          INTEGER PRIMARY KEY CHECK (only_row = 1),
    holder            TEXT NOT NULL,
    host              TEXT NOT NULL,
    pid               INTEGER NOT NULL,
    namespace         TEXT,
    process_start     TEXT,
    since_ms          INTEGER NOT NULL,
    heartbeat_at_ms   INTEGER NOT NULL
  ) STRICT;

  -- Earlier deletions left their bytes in free pages; openDatabase rewrites the file once.
  INSERT INTO facts SELECT 'rewrite-file', '1' WHERE EXISTS (SELECT 1 FROM jobs);
  `,
  `
  -- Who renders a running job, and until when nobody else may take it. The fence rises with every claim: what an attempt
  -- with an older one writes is refused. A job that was left running by an earlier version has no holder: anybody may
  -- claim it. See attempts.ts.
  ALTER TABLE jobs ADD COLUMN fence INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN lease_holder TEXT;
  ALTER TABLE jobs ADD COLUMN lease_until_ms INTEGER;

  -- Words: what the requester still has to be told, and kept frames that are only encoded anew.
  ALTER TABLE jobs RENAME COLUMN untold TO pending_notice;
  UPDATE jobs SET parent = json_set(parent, '$.use', 'reencode')
    WHERE CASE WHEN json_valid(parent) THEN json_extract(parent, '$.use') END = 'finish';
  `,
  `
  -- What two requests for the same thing have in common, e.g. a person's reactions to one message; NULL for the others.
  -- Jobs that failed or were cancelled may be asked for again.
  ALTER TABLE jobs ADD COLUMN unique_key TEXT;
  CREATE UNIQUE INDEX jobs_by_unique_key ON jobs (unique_key)
    WHERE unique_key IS NOT NULL AND state NOT IN ('failed', 'cancelled');
  `,
  `
  -- Bytes that are too large for a row are in a file of their own, by this name; the row's are empty then. See blobs.ts.
  ALTER TABLE pictures ADD COLUMN file TEXT;
  ALTER TABLE clips ADD COLUMN file TEXT;
  ALTER TABLE clips ADD COLUMN master_file TEXT;
  ALTER TABLE checkpoints ADD COLUMN file TEXT;
  CREATE UNIQUE INDEX pictures_by_file ON pictures (file) WHERE file IS NOT NULL;
  CREATE UNIQUE INDEX clips_by_file ON clips (file) WHERE file IS NOT NULL;
  CREATE UNIQUE INDEX clips_by_master_file ON clips (master_file) WHERE master_file IS NOT NULL;
  CREATE UNIQUE INDEX checkpoints_by_file ON checkpoints (file) WHERE file IS NOT NULL;

  -- Files that no row has any more, until they were erased.
  CREATE TABLE erasures (file TEXT PRIMARY KEY) STRICT;
  CREATE TRIGGER picture_deleted AFTER DELETE ON pictures WHEN OLD.file IS NOT NULL
    BEGIN INSERT INTO erasures VALUES (OLD.file); END;
  CREATE TRIGGER clip_deleted AFTER DELETE ON clips WHEN OLD.file IS NOT NULL
    BEGIN INSERT INTO erasures VALUES (OLD.file); END;
  CREATE TRIGGER clip_emptied AFTER UPDATE OF file ON clips WHEN OLD.file IS NOT NULL AND NEW.file IS NOT OLD.file
    BEGIN INSERT INTO erasures VALUES (OLD.file); END;
  CREATE TRIGGER master_deleted AFTER DELETE ON clips WHEN OLD.master_file IS NOT NULL
    BEGIN INSERT INTO erasures VALUES (OLD.master_file); END;
  CREATE TRIGGER master_emptied AFTER UPDATE OF master_file ON clips
    WHEN OLD.master_file IS NOT NULL AND NEW.master_file IS NOT OLD.master_file
    BEGIN INSERT INTO erasures VALUES (OLD.master_file); END;
  CREATE TRIGGER checkpoint_deleted AFTER DELETE ON checkpoints WHEN OLD.file IS NOT NULL
    BEGIN INSERT INTO erasures VALUES (OLD.file); END;
  CREATE TRIGGER checkpoint_replaced AFTER UPDATE OF file ON checkpoints
    WHEN OLD.file IS NOT NULL AND NEW.file IS NOT OLD.file
    BEGIN INSERT INTO erasures VALUES (OLD.file); END;
  `,
  `
  -- The picture that a clip ends with. has_end_picture: there was one when the job came, whether or not it is still kept.
  ALTER TABLE jobs ADD COLUMN has_end_picture INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE jobs ADD COLUMN end_picture_id INTEGER REFERENCES pictures (id) ON DELETE SET NULL;
  CREATE INDEX jobs_by_end_picture ON jobs (end_picture_id) WHERE end_picture_id IS NOT NULL;
  -- How many clips a use counts as: two where the clip ends with a given picture, which is twice the work.
  ALTER TABLE uses ADD COLUMN clips INTEGER NOT NULL DEFAULT 1;
  `,
  `
  -- Of variations, which keep how far each has come in the place of frames: when that is dropped; NULL for clips.
  ALTER TABLE clips ADD COLUMN states_until_ms INTEGER;
  CREATE INDEX clips_by_states_until ON clips (states_until_ms) WHERE states_until_ms IS NOT NULL;
  `,
  `
  -- How often the job was begun anew with another seed while it ran.
  ALTER TABLE jobs ADD COLUMN reseeds INTEGER NOT NULL DEFAULT 0;
  `,
];
