-- Unique e-mail addresses, case-insensitive; also finds users at login.
--
-- The store reports a violation as users_email_key, like that of the column.
CREATE UNIQUE INDEX users_email_lower_key ON users (lower(email) text_pattern_ops)
