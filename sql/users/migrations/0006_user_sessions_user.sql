-- Finds the sessions of a user, to list and to revoke them.
CREATE INDEX user_sessions_user ON user_sessions (user_id, last_used_at DESC)
