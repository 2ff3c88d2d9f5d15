-- name: notification_upsert
-- Inserts notifications, except for sources seen before and for types whose recipient wants nothing. An unread one
-- of the same group is updated and counted instead. created_at increases in the order of the input. If the
-- recipient wants e-mails of the type, one is due after :mail_delay_s.
--
-- No two input rows may have the same recipient and group_key. The text of an updated one is head, previous
-- count and tail, or its message if head and tail are null.
--
--   :recipient_ids uuid[]  :sources text[]  :sender_ids uuid[]  :types text[]  :titles text[]
--   :messages text[]  :heads text[]  :tails text[]  :reference_ids uuid[]  :group_keys text[]
--   :conversation_ids text[]  :message_ids text[]  :default_channels text[]  :mail_delay_s float8
--   -> id, recipient_id, group_key
WITH
wanted AS (
    SELECT
        g.*,
        coalesce(p.channels ->> g.type, g.default_channel) AS channel
    FROM unnest(
        :recipient_ids, :sources, :sender_ids, :types, :titles, :messages, :heads, :tails,
        :reference_ids, :group_keys, :conversation_ids, :message_ids, :default_channels
    ) WITH ORDINALITY AS g (
        recipient_id, source, sender_id, type, title, message, head, tail,
        reference_id, group_key, conversation_id, message_id, default_channel, ordinal
    )
    LEFT JOIN notification_preferences AS p ON g.recipient_id = p.user_id
),
given AS (
    SELECT *
    FROM wanted
    WHERE channel <> 'nothing'
),
fresh AS (
    INSERT INTO notification_sources (
        recipient_id, source, sender_id, title, message, head, tail, message_id, created_at
    )
    SELECT
        recipient_id, source, sender_id, title, message, head, tail, message_id,
        statement_timestamp() + ordinal * interval '1 microsecond'
    FROM given
    ORDER BY recipient_id, source
    ON CONFLICT (recipient_id, source) DO NOTHING
    RETURNING recipient_id, source
)
INSERT INTO notifications AS n (
    recipient_id, sender_id, type, title, message, reference_id, group_key, conversation_id, message_id,
    created_at, mail_from
)
SELECT
    g.recipient_id, g.sender_id, g.type, g.title, g.message, g.reference_id,
    g.group_key, g.conversation_id, g.message_id,
    statement_timestamp() + g.ordinal * interval '1 microsecond',
    CASE WHEN g.channel = 'mail' THEN now() + make_interval(secs => :mail_delay_s) END
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
    created_at = excluded.created_at,
    mail_from = coalesce(n.mail_from, excluded.mail_from)
RETURNING n.id, n.recipient_id, n.group_key

-- name: notification_source_link
-- Records which notification each source was added to.
--
--   :recipient_ids uuid[]  :sources text[]  :ids uuid[]   -> source
UPDATE notification_sources AS s
SET notification_id = g.id
FROM unnest(:recipient_ids, :sources, :ids) AS g (recipient_id, source, id)
WHERE s.recipient_id = g.recipient_id AND s.source = g.source
RETURNING s.source

-- name: notification_undelivered_list
-- Lists notifications whose current count was not delivered, oldest first, with their recipients' quiet hours.
-- The unread notifications of each recipient are counted once, up to :unread_max.
--
--   :after timestamptz  :after_id uuid  :limit int  :unread_max int
--   -> notification rows with unread_count, quiet_from, quiet_to, quiet_timezone
WITH
undelivered AS MATERIALIZED (
    SELECT *
    FROM notifications
    -- told_count: the count up to which the notification was delivered
    WHERE told_count < count AND (created_at, id) > (:after, :after_id)
    ORDER BY created_at, id
    LIMIT :limit
),
unread AS MATERIALIZED (
    SELECT
        r.recipient_id,
        (
            SELECT count(*)
            FROM (
                SELECT u.id
                FROM notifications AS u
                WHERE u.recipient_id = r.recipient_id AND u.is_read = FALSE
                LIMIT :unread_max
            ) AS counted
        ) AS unread_count
    FROM (SELECT DISTINCT recipient_id FROM undelivered) AS r
)
SELECT
    n.*,
    r.unread_count,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted,
    p.quiet_from,
    p.quiet_to,
    p.quiet_timezone
FROM undelivered AS n
INNER JOIN unread AS r ON n.recipient_id = r.recipient_id
LEFT JOIN user_cache AS c ON n.sender_id = c.id
LEFT JOIN notification_preferences AS p ON n.recipient_id = p.user_id
ORDER BY n.created_at, n.id

-- name: notification_mark_delivered
-- Marks notifications as delivered up to the counts given. One whose count is lower now stays undelivered.
--
-- Locks rows in the order of notification_upsert, so that the two do not deadlock.
--
--   :ids uuid[]  :counts int[]   -> id
WITH locked AS (
    SELECT id
    FROM notifications
    WHERE id = ANY(:ids)
    ORDER BY recipient_id, group_key, id
    FOR NO KEY UPDATE
)
UPDATE notifications AS n
SET told_count = greatest(n.told_count, t.count)
FROM locked AS l
INNER JOIN unnest(:ids, :counts) AS t (id, count) ON l.id = t.id
WHERE n.id = l.id AND n.count >= t.count
RETURNING n.id

-- name: notification_page
-- Lists a user's notifications, newest first.
--
--   :recipient_id uuid  :unread_only bool  :excluded_user_ids uuid[]  :before timestamptz  :before_id uuid
--   :limit int
--   -> notification rows
SELECT
    n.*,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM notifications AS n
LEFT JOIN user_cache AS c ON n.sender_id = c.id
WHERE
    n.recipient_id = :recipient_id
    AND (n.created_at, n.id) < (:before, :before_id)
    AND (NOT :unread_only OR n.is_read = FALSE)
    AND (n.sender_id IS NULL OR n.sender_id <> ALL(:excluded_user_ids))
ORDER BY n.created_at DESC, n.id DESC
LIMIT :limit

-- name: notification_unread_counts
-- Counts unread notifications by user, up to :unread_max of each; users without any are absent.
--
--   :recipient_ids uuid[]  :unread_max int   -> recipient_id, count
SELECT r.recipient_id, u.count
FROM unnest(:recipient_ids) AS r (recipient_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS count
    FROM (
        SELECT n.id
        FROM notifications AS n
        WHERE n.recipient_id = r.recipient_id AND n.is_read = FALSE
        LIMIT :unread_max
    ) AS counted
) AS u
WHERE u.count > 0

-- name: notification_mark_read
-- Marks one notification of a user as read; returns it and whether it was unread.
--
--   :recipient_id uuid  :id uuid   -> id, changed, or none
WITH changed AS (
    UPDATE notifications
    SET is_read = TRUE, told_count = count
    WHERE id = :id AND recipient_id = :recipient_id AND is_read = FALSE
    RETURNING id
)
SELECT n.id, EXISTS (SELECT FROM changed) AS changed
FROM notifications AS n
WHERE n.id = :id AND n.recipient_id = :recipient_id

-- name: notification_mark_some_read
-- Marks some unread notifications of a user as read.
--
-- Locks rows in the order of notification_upsert, so that the two do not deadlock.
--
--   :recipient_id uuid  :limit int   -> id
WITH locked AS (
    SELECT id
    FROM notifications
    WHERE recipient_id = :recipient_id AND is_read = FALSE
    ORDER BY group_key
    LIMIT :limit
    FOR NO KEY UPDATE
)
UPDATE notifications AS n
SET is_read = TRUE, told_count = n.count
FROM locked AS l
WHERE n.id = l.id AND n.is_read = FALSE
RETURNING n.id

-- name: notification_withdraw
-- Withdraws sources; see the function.
--
--   :recipient_ids uuid[]  :sources text[]  :permanent bool   -> id, recipient_id
SELECT id, recipient_id FROM notification_withdraw(:recipient_ids, :sources, :permanent)

-- name: notification_source_list_between
-- Lists some sources of notifications that two users caused for each other and that are not withdrawn.
--
--   :user_id uuid  :other_user_id uuid  :limit int   -> recipient_id, source
(
    SELECT recipient_id, source
    FROM notification_sources
    WHERE recipient_id = :user_id AND sender_id = :other_user_id AND notification_id IS NOT NULL
    LIMIT :limit
)
UNION ALL
(
    SELECT recipient_id, source
    FROM notification_sources
    WHERE recipient_id = :other_user_id AND sender_id = :user_id AND notification_id IS NOT NULL
    LIMIT :limit
)

-- name: notification_delete_between
-- Deletes some notifications of two users of which the other one is the last sender, after their sources are withdrawn:
-- those from before sources had senders.
--
--   :user_id uuid  :other_user_id uuid  :limit int   -> id, recipient_id
DELETE FROM notifications
WHERE
    id IN (
        SELECT id
        FROM notifications
        WHERE (recipient_id, sender_id) IN ((:user_id, :other_user_id), (:other_user_id, :user_id))
        LIMIT :limit
    )
RETURNING id, recipient_id

-- name: notification_delete_reference
-- Deletes notifications about an object, except those of one group. Their sources may notify again.
--
-- Locks sources before notifications, like notification_withdraw, so that the two do not deadlock.
--
--   :recipient_ids uuid[]  :reference_id uuid  :kept_group_key text   -> id, recipient_id
WITH
attached AS (
    SELECT s.source
    FROM notifications AS n
    INNER JOIN notification_sources AS s ON n.id = s.notification_id
    WHERE
        n.reference_id = :reference_id
        AND n.recipient_id = ANY(:recipient_ids)
        AND n.group_key <> :kept_group_key
    ORDER BY s.recipient_id, s.source
    FOR UPDATE OF s
),
locked AS (
    SELECT id
    FROM notifications
    WHERE
        reference_id = :reference_id
        AND recipient_id = ANY(:recipient_ids)
        AND group_key <> :kept_group_key
        -- Always true; the sources are locked first because of it.
        AND (SELECT count(*) FROM attached) >= 0
    ORDER BY recipient_id, group_key, id
    FOR UPDATE
),
sources AS (
    DELETE FROM notification_sources AS s
    USING locked AS l
    WHERE s.notification_id = l.id
)
DELETE FROM notifications AS n
USING locked AS l
WHERE n.id = l.id
RETURNING n.id, n.recipient_id

-- name: notification_delete_group
-- Deletes a user's notifications of one group about an object. Their sources may notify again.
--
-- Locks sources before notifications, like notification_withdraw.
--
--   :recipient_id uuid  :reference_id uuid  :group_key text   -> id, recipient_id
WITH
attached AS (
    SELECT s.source
    FROM notifications AS n
    INNER JOIN notification_sources AS s ON n.id = s.notification_id
    WHERE
        n.reference_id = :reference_id
        AND n.recipient_id = :recipient_id
        AND n.group_key = :group_key
    ORDER BY s.source
    FOR UPDATE OF s
),
locked AS (
    SELECT id
    FROM notifications
    WHERE
        reference_id = :reference_id
        AND recipient_id = :recipient_id
        AND group_key = :group_key
        -- Always true; the sources are locked first because of it.
        AND (SELECT count(*) FROM attached) >= 0
    ORDER BY id
    FOR UPDATE
),
sources AS (
    DELETE FROM notification_sources AS s
    USING locked AS l
    WHERE s.notification_id = l.id
)
DELETE FROM notifications AS n
USING locked AS l
WHERE n.id = l.id
RETURNING n.id, n.recipient_id

-- name: notification_delete_conversation
-- Deletes users' notifications about messages of a conversation. Their sources do not notify again.
--
--   :recipient_ids uuid[]  :conversation_id text   -> id, recipient_id
WITH locked AS (
    SELECT id
    FROM notifications
    WHERE recipient_id = ANY(:recipient_ids) AND conversation_id = :conversation_id
    ORDER BY recipient_id, group_key, id
    FOR UPDATE
)
DELETE FROM notifications AS n
USING locked AS l
WHERE n.id = l.id
RETURNING n.id, n.recipient_id

-- name: user_sources_delete
-- Deletes some sources of the notifications of a deleted user.
--
--   :user_id uuid  :limit int   -> source
DELETE FROM notification_sources
WHERE
    recipient_id = :user_id
    AND source IN (SELECT source FROM notification_sources WHERE recipient_id = :user_id LIMIT :limit)
RETURNING source

-- name: user_notifications_delete
-- Deletes some notifications of a deleted user.
--
--   :user_id uuid  :limit int   -> id
DELETE FROM notifications
WHERE id IN (SELECT id FROM notifications WHERE recipient_id = :user_id LIMIT :limit)
RETURNING id

-- name: user_caused_sources_update
-- Removes a deleted user as sender of some sources of notifications of others; only after user_sources_delete.
--
--   :user_id uuid  :limit int   -> source
UPDATE notification_sources AS s
SET sender_id = NULL, message = 'From a deleted account', head = NULL, tail = NULL
FROM (SELECT recipient_id, source FROM notification_sources WHERE sender_id = :user_id LIMIT :limit) AS c
WHERE s.recipient_id = c.recipient_id AND s.source = c.source
RETURNING s.source

-- name: user_caused_notifications_update
-- Removes a deleted user as sender of some notifications of others; only after user_notifications_delete.
--
--   :user_id uuid  :limit int   -> id
UPDATE notifications
SET sender_id = NULL, message = 'From a deleted account'
WHERE id IN (SELECT id FROM notifications WHERE sender_id = :user_id LIMIT :limit)
RETURNING id

-- name: user_data_delete
-- Deletes a deleted user's preferences and what is left of the notifications that the user had or caused.
--
--   :user_id uuid   -> user_id
WITH
received AS (
    DELETE FROM notifications
    WHERE recipient_id = :user_id
),
known AS (
    DELETE FROM notification_sources
    WHERE recipient_id = :user_id
),
preferred AS (
    DELETE FROM notification_preferences
    WHERE user_id = :user_id
),
compared AS (
    DELETE FROM visibility_checks
    WHERE user_id = :user_id
),
named AS (
    UPDATE notification_sources
    SET sender_id = NULL, message = 'From a deleted account', head = NULL, tail = NULL
    WHERE sender_id = :user_id AND recipient_id <> :user_id
),
caused AS (
    UPDATE notifications
    SET sender_id = NULL, message = 'From a deleted account'
    WHERE sender_id = :user_id AND recipient_id <> :user_id
)
SELECT :user_id AS user_id

-- name: notification_recipient_list
-- Lists the users who have notifications of some types about objects, without one user; none about conversations.
--
--   :reference_ids uuid[]  :types text[]  :excluded_user_id uuid  :after_id uuid  :after_recipient_id uuid
--   :limit int   -> reference_id, recipient_id
SELECT DISTINCT reference_id, recipient_id
FROM notifications
WHERE
    reference_id = ANY(:reference_ids)
    AND type = ANY(:types)
    AND conversation_id IS NULL
    AND recipient_id <> :excluded_user_id
    AND (reference_id, recipient_id) > (:after_id, :after_recipient_id)
ORDER BY reference_id, recipient_id
LIMIT :limit
