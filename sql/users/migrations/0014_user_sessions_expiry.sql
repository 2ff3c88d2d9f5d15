-- Finds expired sessions, to delete them.
CREATE INDEX user_sessions_expiry ON user_sessions (expires_at)
