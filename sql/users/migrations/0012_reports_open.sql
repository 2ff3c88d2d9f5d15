-- Finds unresolved reports, oldest first.
CREATE INDEX reports_open ON reports (created_at, id) WHERE resolved_at IS NULL
