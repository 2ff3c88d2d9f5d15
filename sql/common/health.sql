-- name: health_row_insert
-- Inserts a row that needs a new page, so that a full disk or a read-only server is detected.
--
--   -> id
INSERT INTO health_rows (filler)
VALUES (repeat('x', 7900))
RETURNING id

-- name: health_row_delete
-- Deletes that row.
--
--   :id uuid   -> id
DELETE FROM health_rows
WHERE id = :id
RETURNING id
