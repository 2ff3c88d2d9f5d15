-- Finds the blocks of the last seconds, which every instance compares with its cache.
CREATE INDEX blocks_created_at ON blocks (created_at)
