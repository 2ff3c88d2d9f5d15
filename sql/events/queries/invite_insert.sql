-- Invites people; whoever was invited by the same person already is not told again.
--
--   :event_id uuid  :inviter_id uuid  :user_ids uuid[]   -> user_id
INSERT INTO event_invites (event_id, user_id, inviter_id)
SELECT :event_id, user_id, :inviter_id
FROM unnest(:user_ids) AS invited (user_id)
ON CONFLICT (event_id, user_id, inviter_id) DO NOTHING
RETURNING user_id
