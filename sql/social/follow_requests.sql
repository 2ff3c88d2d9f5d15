-- name: follow_request_page
-- Lists the requests to follow a user, the latest first.
--
--   :requested_id uuid  :before timestamptz  :before_id uuid  :limit int   -> request and card rows
SELECT
    r.requester_id AS user_id,
    r.created_at,
    c.username,
    c.display_name,
    c.avatar_url,
    c.verified,
    c.deleted
FROM follow_requests AS r
LEFT JOIN user_cache AS c ON r.requester_id = c.id
WHERE
    r.requested_id = :requested_id
    AND (r.created_at, r.requester_id) < (:before, :before_id)
    AND c.deleted IS NOT TRUE
ORDER BY r.created_at DESC, r.requester_id DESC
LIMIT :limit

-- name: follow_request_accept
-- Turns requests into follows; see the function.
--
--   :requested_id uuid  :requester_ids uuid[]   -> requester_id
SELECT accepted AS requester_id
FROM follow_requests_accept(:requested_id, :requester_ids) AS accepted

-- name: follow_request_list
-- Lists some of the requests to follow a user.
--
--   :requested_id uuid  :limit int   -> requester_id
SELECT requester_id
FROM follow_requests
WHERE requested_id = :requested_id
LIMIT :limit

-- name: follow_request_delete
-- Declines a request.
--
--   :requested_id uuid  :requester_id uuid   -> requester_id, or none
DELETE FROM follow_requests
WHERE requested_id = :requested_id AND requester_id = :requester_id
RETURNING requester_id

-- name: follow_request_filter
-- Returns those of the requests that exist.
--
--   :requester_ids uuid[]  :requested_ids uuid[]   -> requester_id, requested_id
SELECT r.requester_id, r.requested_id
FROM follow_requests AS r
INNER JOIN unnest(:requester_ids, :requested_ids) AS g (requester_id, requested_id)
    ON r.requester_id = g.requester_id AND r.requested_id = g.requested_id

-- name: private_account_upsert
-- Stores which accounts are private, unless a newer version is stored. Public accounts that were never private
-- get no row.
--
--   :user_ids uuid[]  :privates bool[]  :versions bigint[]   -> user_id
INSERT INTO private_accounts AS p (user_id, private, version)
SELECT g.user_id, g.private, g.version
FROM unnest(:user_ids, :privates, :versions) AS g (user_id, private, version)
WHERE g.private OR EXISTS (SELECT FROM private_accounts AS o WHERE o.user_id = g.user_id)
ORDER BY g.user_id
ON CONFLICT (user_id) DO UPDATE
SET private = excluded.private, version = excluded.version
WHERE p.version < excluded.version
RETURNING user_id

-- name: private_account_delete
-- Forgets deleted users.
--
--   :user_ids uuid[]   -> user_id
DELETE FROM private_accounts
WHERE user_id = ANY(:user_ids)
RETURNING user_id

-- name: public_requested_list
-- Returns those of the users who have requests although their accounts are public.
--
--   :user_ids uuid[]   -> user_id
SELECT u.user_id
FROM unnest(:user_ids) AS u (user_id)
WHERE
    EXISTS (SELECT FROM follow_requests AS r WHERE r.requested_id = u.user_id)
    AND NOT EXISTS (SELECT FROM private_accounts AS p WHERE p.user_id = u.user_id AND p.private)
