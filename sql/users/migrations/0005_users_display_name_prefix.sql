-- Finds users by prefix of the display name.
CREATE INDEX users_display_name_prefix ON users (lower(display_name) text_pattern_ops)
