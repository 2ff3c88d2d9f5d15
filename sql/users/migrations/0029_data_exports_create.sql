-- Exports of what users wrote and received, one per user: a ZIP archive in chunks, which every instance can read.
--
-- lease_until: until then one instance makes it; null if none does. attempt: counts the instances that tried, so
-- that one that lost its lease writes nothing more. The chunks of attempt are the archive.
CREATE TABLE data_exports (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID UNIQUE NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'ready', 'failed')),
    requested_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    attempt INTEGER NOT NULL DEFAULT 0,
    lease_until TIMESTAMPTZ,
    bytes BIGINT NOT NULL DEFAULT 0,
    chunk_count INTEGER NOT NULL DEFAULT 0,
    finished_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ,
    notified BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE INDEX data_exports_pending ON data_exports (requested_at) WHERE state = 'pending';
CREATE INDEX data_exports_unnotified ON data_exports (finished_at) WHERE state = 'ready' AND NOT notified;
CREATE INDEX data_exports_expiry ON data_exports (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE data_export_chunks (
    export_id UUID NOT NULL REFERENCES data_exports (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    number INTEGER NOT NULL,
    data BYTEA NOT NULL CHECK (length(data) <= 1048576),
    PRIMARY KEY (export_id, attempt, number)
);
-- The chunks are compressed already.
ALTER TABLE data_export_chunks ALTER COLUMN data SET STORAGE EXTERNAL
