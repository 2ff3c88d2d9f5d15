-- Who answered, the first first, without some people; all answers where :status is null.
--
--   :event_id uuid  :status text  :after timestamptz  :after_id uuid  :hidden uuid[]  :limit int
--   -> answer and card rows
SELECT
    r.user_id,
    r.status,
    r.answered_at,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM event_rsvps AS r
LEFT JOIN user_cache AS c ON r.user_id = c.id
WHERE
    r.event_id = :event_id
    AND (:status IS NULL OR r.status = :status)
    AND (r.answered_at, r.user_id) > (:after, :after_id)
    AND r.user_id <> ALL(:hidden)
    AND c.deleted IS NOT TRUE
ORDER BY r.answered_at, r.user_id
LIMIT :limit
