-- Rows that readiness checks insert and delete, each too large for a page that holds another.
--
-- A new page must be allocated for each, which fails on a full disk; a small row would fit into a page that
-- exists. Autovacuum gives the pages back.
CREATE TABLE health_rows (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    filler TEXT NOT NULL
) WITH (autovacuum_vacuum_threshold = 50, autovacuum_vacuum_scale_factor = 0);
ALTER TABLE health_rows ALTER COLUMN filler SET STORAGE PLAIN
