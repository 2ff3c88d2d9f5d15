-- The moderator who works on a report; null for none.
--
-- Instances of earlier versions ignore it.
ALTER TABLE reports
ADD COLUMN assigned_to UUID REFERENCES users (id) ON DELETE SET NULL;
CREATE INDEX reports_assigned ON reports (assigned_to, created_at, id) WHERE assigned_to IS NOT NULL;
CREATE INDEX reports_unassigned ON reports (created_at, id) WHERE resolved_at IS NULL AND assigned_to IS NULL
