-- name: backup_begin
-- Removes the time limits of this connection: the copy of a large table takes longer than any request.
--
--   -> statement_timeout, idle_timeout
SELECT
    set_config('statement_timeout', '0', false) AS statement_timeout,
    set_config('idle_in_transaction_session_timeout', '0', false) AS idle_timeout

-- name: backup_snapshot
-- Returns the version of the server and the time of the snapshot.
--
--   -> server_version, snapshot_at
SELECT
    current_setting('server_version') AS server_version,
    to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS snapshot_at

-- name: backup_tables
-- Lists the tables with their stored columns. Tables that only the running instances need are left out.
--
--   -> name, columns
SELECT
    c.relname AS name,
    array_agg(a.attname::text ORDER BY a.attnum) AS columns
FROM pg_class AS c
INNER JOIN pg_attribute AS a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
WHERE
    c.relnamespace = 'public'::regnamespace
    AND c.relkind = 'r'
    AND c.relname NOT IN ('schema_migrations', 'health_checks', 'health_rows', 'outbox_readers')
GROUP BY c.relname
ORDER BY c.relname

-- name: backup_references
-- Lists which table refers to which other one.
--
--   -> name, referenced
SELECT DISTINCT
    c.relname AS name,
    r.relname AS referenced
FROM pg_constraint AS k
INNER JOIN pg_class AS c ON k.conrelid = c.oid
INNER JOIN pg_class AS r ON k.confrelid = r.oid
WHERE k.contype = 'f' AND c.relnamespace = 'public'::regnamespace AND k.conrelid <> k.confrelid

-- name: backup_sequences
-- Lists the sequences. `last_value` is null while none of its values was taken.
--
--   -> name, last_value, start_value
SELECT
    sequencename AS name,
    last_value,
    start_value
FROM pg_sequences
WHERE schemaname = 'public'

-- name: backup_migrations
-- Lists the migrations of the schema, without functions and triggers.
--
--   -> name, checksum
SELECT
    name,
    checksum
FROM schema_migrations
WHERE name NOT LIKE '%/%/%'

-- name: restore_lock
-- Waits until no other process migrates or restores this database. Released when the connection ends.
--
--   :key bigint
SELECT pg_advisory_lock(:key)

-- name: restore_sessions
-- Counts the other clients of this database.
--
--   -> sessions
SELECT count(*) AS sessions
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL

-- name: restore_content_commands
-- Returns the commands that each return a row if a table has rows. A started instance alone writes none of these.
--
--   -> command
SELECT format('SELECT %L AS name WHERE EXISTS (SELECT FROM %I.%I)', c.relname, 'public', c.relname) AS command
FROM pg_class AS c
WHERE
    c.relnamespace = 'public'::regnamespace
    AND c.relkind = 'r'
    AND c.relname NOT IN (
        'schema_migrations', 'health_checks', 'health_rows', 'outbox_readers', 'cursors', 'server_keys'
    )

-- name: restore_drop_commands
-- Returns the commands that drop all relations and routines of the schema `public`, except those of extensions.
--
--   -> command
SELECT
    format(
        'DROP %s IF EXISTS %s CASCADE',
        CASE c.relkind WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END,
        c.oid::regclass
    ) AS command
FROM pg_class AS c
WHERE
    c.relnamespace = 'public'::regnamespace
    AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'e', 'i')
    )
UNION ALL
SELECT format('DROP ROUTINE IF EXISTS %s CASCADE', p.oid::regprocedure)
FROM pg_proc AS p
WHERE
    p.pronamespace = 'public'::regnamespace
    AND NOT EXISTS (
        SELECT FROM pg_depend AS d
        WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
    )

-- name: restore_empty_command
-- Returns the command that removes the rows that migrations have inserted.
--
--   :tables text[]   -> command
SELECT 'TRUNCATE ' || string_agg(format('%I', name), ', ') AS command
FROM unnest(:tables) AS names (name)

-- name: restore_sequence
-- Continues a sequence where the backup ended.
--
--   :name text  :last_value bigint  :is_called bool   -> setval
SELECT setval(format('public.%I', :name)::regclass, :last_value, :is_called)

-- name: restore_rewind_cursors
-- Makes every consumer read the retained events of its producer again: the snapshots of services differ in time.
UPDATE cursors
SET source = 'restored'
