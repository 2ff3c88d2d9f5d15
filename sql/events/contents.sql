-- name: event_content_get
-- Returns title and description of an event, also of a hidden one.
--
--   :id uuid   -> content row, or none
SELECT
    id,
    creator_id AS author_id,
    concat_ws(E'\n\n', title, description) AS content,
    created_at,
    hidden_at IS NOT NULL AS is_hidden,
    NULL::uuid AS container_id
FROM events
WHERE id = :id

-- name: event_set_hidden
-- Hides or restores an event.
--
--   :id uuid  :hidden bool   -> id, or none
UPDATE events
SET hidden_at = CASE WHEN :hidden THEN coalesce(hidden_at, now()) END
WHERE id = :id
RETURNING id
