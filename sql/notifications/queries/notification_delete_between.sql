-- Between two people with a block, neither keeps notifications of the other's doings.
--
--   :one uuid  :other uuid   -> id, recipient_id
DELETE FROM notifications
WHERE
    (recipient_id = :one AND sender_id = :other)
    OR (recipient_id = :other AND sender_id = :one)
RETURNING id, recipient_id
