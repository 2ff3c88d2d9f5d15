-- One e-mail address, one user, without regard to case. Also the index by which a login is found.
--
-- The store tells its violation as users_email_key, the same as that of the column.
CREATE UNIQUE INDEX users_email_lower_key ON users (lower(email) text_pattern_ops)
