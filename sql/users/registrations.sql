-- name: registration_insert
-- Creates a registration that waits for approval, unless too many wait, or a user has the name or address.
--
--   :email text  :username text  :password_hash text  :display_name text  :limit int
--   -> id (null if too many wait), email_taken, username_taken
WITH
taken AS (
    SELECT
        EXISTS (SELECT FROM users WHERE lower(email) = lower(:email)) AS email_taken,
        EXISTS (SELECT FROM users WHERE lower(username) = lower(:username)) AS username_taken
),
created AS (
    INSERT INTO registrations (email, username, password_hash, display_name)
    SELECT :email, :username, :password_hash, :display_name
    FROM taken
    WHERE
        NOT taken.email_taken
        AND NOT taken.username_taken
        AND (SELECT count(*) FROM registrations) < :limit
    RETURNING id
)
SELECT (SELECT created.id FROM created) AS id, taken.email_taken, taken.username_taken
FROM taken

-- name: registration_page
-- Lists registrations that wait for approval, oldest first.
--
--   :after timestamptz  :after_id uuid  :limit int   -> registration rows
SELECT id, email, username, display_name, created_at
FROM registrations
WHERE (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit

-- name: registration_take
-- Deletes a registration, because it was approved or declined.
--
--   :id uuid   -> registration row with password_hash, or none
DELETE FROM registrations
WHERE id = :id
RETURNING id, created_at, email, username, password_hash, display_name

-- name: invite_code_insert
-- Creates an invite code, unless there are too many.
--
--   :code text  :uses int  :expires_at timestamptz  :created_by uuid  :limit int   -> invite code row, or none
INSERT INTO invite_codes (code, uses_left, expires_at, created_by)
SELECT :code, :uses, :expires_at, :created_by
WHERE (SELECT count(*) FROM invite_codes) < :limit
RETURNING id, code, uses_left, expires_at, created_at

-- name: invite_code_get
-- Returns an invite code.
--
--   :id uuid   -> invite code row, or none
SELECT id, code, uses_left, expires_at, created_at
FROM invite_codes
WHERE id = :id

-- name: invite_code_page
-- Lists invite codes, oldest first.
--
--   :after timestamptz  :after_id uuid  :limit int   -> invite code rows
SELECT id, code, uses_left, expires_at, created_at
FROM invite_codes
WHERE (created_at, id) > (:after, :after_id)
ORDER BY created_at, id
LIMIT :limit

-- name: invite_code_delete
-- Deletes an invite code.
--
--   :id uuid   -> id, or none
DELETE FROM invite_codes
WHERE id = :id
RETURNING id

-- name: name_block_insert
-- Blocks a username or an e-mail domain, unless it is blocked or there are too many.
--
--   :kind text  :value text  :limit int   -> is_new, is_full
WITH
room AS (
    SELECT
        (SELECT count(*) FROM name_blocks) >= :limit
        AND NOT EXISTS (SELECT FROM name_blocks WHERE kind = :kind AND value = :value) AS is_full
),
created AS (
    INSERT INTO name_blocks (kind, value)
    SELECT :kind, :value
    FROM room
    WHERE NOT room.is_full
    ON CONFLICT (kind, value) DO NOTHING
    RETURNING value
)
SELECT EXISTS (SELECT FROM created) AS is_new, room.is_full
FROM room

-- name: name_block_delete
-- Deletes a block of a name.
--
--   :kind text  :value text   -> value, or none
DELETE FROM name_blocks
WHERE kind = :kind AND value = :value
RETURNING value

-- name: name_block_page
-- Lists blocked names of a kind in alphabetical order.
--
--   :kind text  :after text  :limit int   -> kind, value, created_at
SELECT kind, value, created_at
FROM name_blocks
WHERE kind = :kind AND value > :after
ORDER BY value
LIMIT :limit
