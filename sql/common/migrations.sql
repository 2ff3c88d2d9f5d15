-- name: database_exists
-- Returns whether the server has a database of that name.
--
--   :name text   -> one row, or none
SELECT datname
FROM pg_database
WHERE datname = :name

-- name: migration_lock
-- Waits until no other process migrates this database. The lock is released when the connection ends.
--
--   :key bigint
SELECT pg_advisory_lock(:key)

-- name: migration_lock_timeout
-- Ends the wait of the current transaction for a lock early, before PostgreSQL looks for deadlocks.
SET LOCAL lock_timeout = '500ms'

-- name: migration_table_create
-- Creates the table of applied migrations, with their checksums.
CREATE TABLE IF NOT EXISTS schema_migrations (
    name TEXT PRIMARY KEY,
    checksum TEXT NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
)

-- name: migration_insert
-- Records a migration, in the transaction that applies it.
--
--   :name text  :checksum text
INSERT INTO schema_migrations (name, checksum)
VALUES (:name, :checksum)

-- name: migration_rename_owner
-- Renames the owner of applied migrations, after its folder was renamed.
--
--   :old_owner text  :new_owner text
UPDATE schema_migrations
SET name = :new_owner || substr(name, length(:old_owner) + 1)
WHERE starts_with(name, :old_owner || '/')

-- name: migration_set_checksum
-- Replaces the checksum of an applied migration by one of the current kind.
--
--   :name text  :checksum text
UPDATE schema_migrations
SET checksum = :checksum
WHERE name = :name

-- name: routine_upsert
-- Records that a function or trigger file was applied in its current version.
--
--   :name text  :checksum text
INSERT INTO schema_migrations (name, checksum)
VALUES (:name, :checksum)
ON CONFLICT (name) DO UPDATE SET checksum = excluded.checksum, applied_at = now()

-- name: migration_list
-- Lists migrations and routines applied to this database.
--
--   -> name, checksum
SELECT name, checksum
FROM schema_migrations
