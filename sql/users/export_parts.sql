-- name: export_profile
-- The user's account and settings.
--
--   :user_id uuid
SELECT
    u.id,
    u.email,
    u.email_verified_at,
    u.username,
    u.display_name,
    u.bio,
    u.avatar_url,
    u.verified,
    u.private,
    u.created_at,
    coalesce(p.groups, 'everyone') AS who_may_add_me_to_groups,
    coalesce(p.invites, 'everyone') AS who_may_invite_me_to_events,
    l.created_at AS calendar_link_created_at
FROM users AS u
LEFT JOIN user_privacy AS p ON u.id = p.user_id
LEFT JOIN calendar_links AS l ON u.id = l.user_id
WHERE u.id = :user_id

-- name: export_sessions
-- The user's sessions, without their tokens.
--
--   :user_id uuid
SELECT
    id,
    device,
    created_at,
    last_used_at,
    expires_at
FROM user_sessions
WHERE user_id = :user_id
ORDER BY created_at

-- name: export_reports
-- The reports that the user has made.
--
--   :user_id uuid
SELECT
    kind,
    target_id,
    reason,
    created_at
FROM reports
WHERE reporter_id = :user_id
ORDER BY created_at

-- name: export_moderation_actions
-- What moderators did to the user or the user's contents, without who did it.
--
--   :user_id uuid
SELECT
    id,
    type,
    target_kind,
    target_id,
    reason,
    expires_at,
    created_at
FROM moderation_actions
WHERE user_id = :user_id
ORDER BY created_at

-- name: export_appeals
-- The user's appeals and their answers, without who answered.
--
--   :user_id uuid
SELECT
    action_id,
    content,
    created_at,
    answered_at,
    accepted,
    answer
FROM appeals
WHERE user_id = :user_id
ORDER BY created_at
