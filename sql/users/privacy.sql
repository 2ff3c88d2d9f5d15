-- name: privacy_get
-- Returns a user's settings; none if they were never set.
--
--   :user_id uuid   -> groups, invites
SELECT groups, invites
FROM user_privacy
WHERE user_id = :user_id

-- name: privacy_update
-- Changes the settings whose parameter is not null. No row if the user does not exist.
--
--   :user_id uuid  :groups text  :invites text   -> groups, invites
INSERT INTO user_privacy AS p (user_id, groups, invites)
SELECT id, coalesce(:groups, 'everyone'), coalesce(:invites, 'everyone')
FROM users
WHERE id = :user_id
ON CONFLICT (user_id) DO UPDATE
SET groups = coalesce(:groups, p.groups), invites = coalesce(:invites, p.invites)
RETURNING groups, invites

-- name: privacy_list
-- Lists the settings of those of the users who restrict anything.
--
--   :user_ids uuid[]   -> user_id, groups, invites
SELECT user_id, groups, invites
FROM user_privacy
WHERE user_id = ANY(:user_ids) AND NOT (groups = 'everyone' AND invites = 'everyone')
