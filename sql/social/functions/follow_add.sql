-- Follows a user, or requests to follow a private account. Returns followed, requested or unchanged.
--
-- The trigger follows_requested makes the request. Raises follow_requests_max if there are then more requests
-- to the account, or by the follower, than permitted. Concurrent calls do not see each other's request, so
-- together they may exceed the limit.
CREATE OR REPLACE FUNCTION follow_add(follower UUID, followed UUID, received_max INT, sent_max INT)
RETURNS TEXT AS $$
BEGIN
    INSERT INTO follows (follower_id, following_id)
    VALUES (follower, followed)
    ON CONFLICT (follower_id, following_id) DO NOTHING;
    IF FOUND THEN
        RETURN 'followed';
    END IF;
    IF NOT EXISTS (SELECT FROM follow_requests WHERE requester_id = follower AND requested_id = followed) THEN
        RETURN 'unchanged';
    END IF;
    IF
        (SELECT count(*) FROM (
            SELECT FROM follow_requests WHERE requested_id = followed LIMIT received_max + 1
        ) AS received) > received_max
        OR (SELECT count(*) FROM (
            SELECT FROM follow_requests WHERE requester_id = follower LIMIT sent_max + 1
        ) AS sent) > sent_max
    THEN
        RAISE EXCEPTION 'too many requests'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'follow_requests_max';
    END IF;
    RETURN 'requested';
END
$$ LANGUAGE plpgsql;

-- The same, unless the follower follows `following_max` others: raises follows_max then, before it looks at the other
-- user. Concurrent calls may exceed this limit too. Instances of earlier versions call the other function.
CREATE OR REPLACE FUNCTION follow_add(
    follower UUID, followed UUID, following_max INT, received_max INT, sent_max INT
) RETURNS TEXT AS $$
BEGIN
    IF
        (SELECT s.following_count FROM user_social_stats AS s WHERE s.user_id = follower) >= following_max
        AND NOT EXISTS (SELECT FROM follows WHERE follower_id = follower AND following_id = followed)
    THEN
        RAISE EXCEPTION 'too many follows'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'follows_max';
    END IF;
    RETURN follow_add(follower, followed, received_max, sent_max);
END
$$ LANGUAGE plpgsql
