-- Notifies of what was not notified of before; one that is unread and about the same counts up instead.
-- Their moments are in the order in which they are given.
--
-- No two of the rows given may have the same recipient and group_key. What counts up says its head, how many
-- there were before, and its tail; without them its message.
--
--   :recipient_ids uuid[]  :sources text[]  :sender_ids uuid[]  :types text[]  :titles text[]
--   :messages text[]  :heads text[]  :tails text[]  :reference_ids uuid[]  :group_keys text[]
--   :conversation_ids text[]  :message_ids text[]   -> id
WITH
given AS (
    SELECT *
    FROM unnest(
        :recipient_ids, :sources, :sender_ids, :types, :titles, :messages, :heads, :tails,
        :reference_ids, :group_keys, :conversation_ids, :message_ids
    ) WITH ORDINALITY AS g (
        recipient_id, source, sender_id, type, title, message, head, tail,
        reference_id, group_key, conversation_id, message_id, place
    )
),
fresh AS (
    INSERT INTO notification_sources (recipient_id, source)
    SELECT recipient_id, source FROM given ORDER BY recipient_id, source
    ON CONFLICT (recipient_id, source) DO NOTHING
    RETURNING recipient_id, source
)
INSERT INTO notifications AS n (
    recipient_id, sender_id, type, title, message, reference_id, group_key, conversation_id, message_id,
    created_at
)
SELECT
    g.recipient_id, g.sender_id, g.type, g.title, g.message, g.reference_id,
    g.group_key, g.conversation_id, g.message_id,
    statement_timestamp() + g.place * interval '1 microsecond'
FROM given AS g
INNER JOIN fresh AS f ON g.recipient_id = f.recipient_id AND g.source = f.source
ORDER BY g.recipient_id, g.group_key
ON CONFLICT (recipient_id, group_key) WHERE is_read = FALSE DO UPDATE
SET
    sender_id = excluded.sender_id,
    title = excluded.title,
    message = (
        SELECT coalesce(g.head || n.count::text || g.tail, g.message)
        FROM given AS g
        WHERE g.recipient_id = excluded.recipient_id AND g.group_key = excluded.group_key
    ),
    message_id = excluded.message_id,
    count = n.count + 1,
    created_at = excluded.created_at
RETURNING n.id
