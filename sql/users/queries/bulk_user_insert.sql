-- Many users at once, each with one session, for load tests; nobody can log in with a password.
--
--   :ids uuid[]  :usernames text[]  :token_hashes text[]  :domain text  :password_hash text
--   :lifetime_s float8   -> how many
WITH crowd AS (
    SELECT * FROM unnest(:ids, :usernames, :token_hashes) AS c (id, username, token_hash)
),
people AS (
    INSERT INTO users (id, email, username, password_hash, display_name)
    SELECT id, username || '@' || :domain, username, :password_hash, username
    FROM crowd
    RETURNING id
),
sessions AS (
    INSERT INTO user_sessions (user_id, token_hash, expires_at)
    SELECT people.id, crowd.token_hash, now() + make_interval(secs => :lifetime_s)
    FROM people
    INNER JOIN crowd ON people.id = crowd.id
    RETURNING id
)
SELECT count(*) AS made FROM sessions
