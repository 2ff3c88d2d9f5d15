-- name: notification_mail_due
-- Lists users for whom an e-mail is due, the longest first, with their quiet hours. mail_from is when it is due.
--
--   :limit int   -> recipient_id, quiet_from, quiet_to, quiet_timezone
WITH
due AS (
    SELECT
        recipient_id,
        mail_from
    FROM notifications
    WHERE mail_from <= now() AND is_read = FALSE
    ORDER BY mail_from
    LIMIT :limit
),
recipients AS (
    SELECT
        recipient_id,
        min(mail_from) AS mail_due_at
    FROM due
    GROUP BY recipient_id
)
SELECT
    r.recipient_id,
    p.quiet_from,
    p.quiet_to,
    p.quiet_timezone
FROM recipients AS r
LEFT JOIN notification_preferences AS p ON r.recipient_id = p.user_id
ORDER BY r.mail_due_at

-- name: notification_mail_defer
-- Puts off some of what is due for each user until a time.
--
-- Locks rows in the order of notification_upsert, so that the two do not deadlock.
--
--   :recipient_ids uuid[]  :times timestamptz[]  :limit int   -> id
WITH
deferred AS (
    SELECT *
    FROM unnest(:recipient_ids, :times) AS d (recipient_id, mail_from)
),
locked AS (
    SELECT
        n.id,
        d.mail_from
    FROM notifications AS n
    INNER JOIN deferred AS d ON n.recipient_id = d.recipient_id
    WHERE n.is_read = FALSE AND n.mail_from <> d.mail_from
    ORDER BY n.recipient_id, n.group_key, n.id
    LIMIT :limit
    FOR NO KEY UPDATE OF n
)
UPDATE notifications AS n
SET mail_from = l.mail_from
FROM locked AS l
WHERE n.id = l.id
RETURNING n.id

-- name: notification_mail_claim
-- Ends some of what is due for a user and returns it, summed by type and title, with the number of notifications.
-- Only one caller gets it.
--
-- Locks rows in the order of notification_upsert, so that the two do not deadlock.
--
--   :recipient_id uuid  :limit int   -> type, title, count, notifications
WITH
locked AS (
    SELECT
        id,
        mailed_count
    FROM notifications
    WHERE recipient_id = :recipient_id AND is_read = FALSE AND mail_from IS NOT NULL
    ORDER BY group_key, id
    LIMIT :limit
    FOR NO KEY UPDATE
),
taken AS (
    UPDATE notifications AS n
    SET mail_from = NULL, mailed_count = n.count
    FROM locked AS l
    WHERE n.id = l.id
    RETURNING n.type, n.title, n.count - l.mailed_count AS count
)
SELECT
    type,
    title,
    sum(greatest(count, 0))::int AS count,
    count(*)::int AS notifications
FROM taken
GROUP BY type, title
ORDER BY type, title
