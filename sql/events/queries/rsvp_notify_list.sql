-- Who is to be told of changes of an event: all who answered, but for those who will not come.
--
--   :event_id uuid  :after uuid  :limit int   -> user_id
SELECT user_id
FROM event_rsvps
WHERE event_id = :event_id AND status <> 'NOT_GOING' AND user_id > :after
ORDER BY user_id
LIMIT :limit
