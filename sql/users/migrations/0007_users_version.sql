-- Counts the states of a profile, so that copies in other services can tell the newer one.
ALTER TABLE users ADD COLUMN version BIGINT NOT NULL DEFAULT 1
