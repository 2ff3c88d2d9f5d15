-- Writes a new number and answers it, so that a full disk or a read-only server is found.
--
--   -> written
INSERT INTO health_checks (id, written)
VALUES (1, 1)
ON CONFLICT (id) DO UPDATE SET written = health_checks.written + 1
RETURNING written
