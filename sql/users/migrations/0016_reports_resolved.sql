-- Finds resolved reports by age, to delete them.
CREATE INDEX reports_resolved ON reports (resolved_at) WHERE resolved_at IS NOT NULL
