-- Unique usernames, case-insensitive; also finds logins and prefixes, in search order.
--
-- The store reports a violation as users_username_key, like that of the column.
CREATE UNIQUE INDEX users_username_lower_key ON users (lower(username) text_pattern_ops)
