-- name: bulk_user_insert
-- Creates many users, each with one session, for load tests. No password matches their hash.
--
--   :ids uuid[]  :usernames text[]  :token_hashes text[]  :domain text  :password_hash text
--   :lifetime_s float8   -> user_count
WITH input_rows AS (
    SELECT * FROM unnest(:ids, :usernames, :token_hashes) AS c (id, username, token_hash)
),
new_users AS (
    INSERT INTO users (id, email, username, password_hash, display_name)
    SELECT id, username || '@' || :domain, username, :password_hash, username
    FROM input_rows
    RETURNING id
),
sessions AS (
    INSERT INTO user_sessions (user_id, token_hash, expires_at)
    SELECT new_users.id, input_rows.token_hash, now() + make_interval(secs => :lifetime_s)
    FROM new_users
    INNER JOIN input_rows ON new_users.id = input_rows.id
    RETURNING id
)
SELECT count(*) AS user_count FROM sessions
