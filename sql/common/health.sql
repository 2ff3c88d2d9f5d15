-- name: health_check
-- Writes and returns a new number, so that a full disk or a read-only server is detected.
--
--   -> written
INSERT INTO health_checks (id, written)
VALUES (1, 1)
ON CONFLICT (id) DO UPDATE SET written = health_checks.written + 1
RETURNING written

-- name: health_read
-- Returns the number written last.
--
--   -> written
SELECT written
FROM health_checks
