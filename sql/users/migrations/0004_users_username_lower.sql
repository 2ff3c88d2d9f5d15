-- One username, one user, without regard to case. Also finds logins and prefixes, in the order of search.
--
-- The store tells its violation as users_username_key, the same as that of the column.
CREATE UNIQUE INDEX users_username_lower_key ON users (lower(username) text_pattern_ops)
