-- Whom each of those tokens speaks for; unknown and expired ones are left out.
--
--   :token_hashes text[]   -> token_hash, session_id, expires_at and the user's row
SELECT
    s.token_hash,
    s.id AS session_id,
    s.expires_at,
    u.id,
    u.email,
    u.username,
    u.display_name,
    u.bio,
    u.avatar_url,
    u.verified,
    u.created_at
FROM user_sessions AS s
INNER JOIN users AS u ON s.user_id = u.id
WHERE s.token_hash = ANY(:token_hashes) AND s.expires_at > now()
