-- Finds people by the beginning of their display name.
CREATE INDEX users_display_name_prefix ON users (lower(display_name) text_pattern_ops)
