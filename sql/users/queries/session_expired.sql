-- Those of the tokens that are known but have run out.
--
--   :token_hashes text[]   -> token_hash
SELECT token_hash
FROM user_sessions
WHERE token_hash = ANY(:token_hashes) AND expires_at <= now()
