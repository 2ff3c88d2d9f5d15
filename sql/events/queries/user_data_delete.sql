-- The events and invites of a deleted user go; answers have been taken back one by one.
--
--   :user_id uuid   -> user_id
WITH
invited AS (
    DELETE FROM event_invites
    WHERE user_id = :user_id OR inviter_id = :user_id
),
created AS (
    DELETE FROM events
    WHERE creator_id = :user_id
)
SELECT :user_id AS user_id
