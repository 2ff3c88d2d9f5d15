-- Version of a profile, so that caches in other services keep the newer one.
ALTER TABLE users ADD COLUMN version BIGINT NOT NULL DEFAULT 1
