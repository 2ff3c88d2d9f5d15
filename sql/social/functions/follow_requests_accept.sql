-- Turns requests to follow a user into follows. Returns the requesters. Requests of deleted users, and to them, are
-- deleted.
--
-- Takes the locks of all pairs first, in one order for all callers, and reads afterwards. Blocks and withdrawals
-- take the same locks.
CREATE OR REPLACE FUNCTION follow_requests_accept(requested UUID, requesters UUID[]) RETURNS SETOF UUID AS $$
DECLARE
    requester UUID;
    accepted_ids UUID[];
BEGIN
    PERFORM users_lock(requesters || requested);
    FOR requester IN SELECT DISTINCT r FROM unnest(requesters) AS r ORDER BY r LOOP
        PERFORM pair_lock(requester, requested);
    END LOOP;
    PERFORM FROM follow_requests
    WHERE requested_id = requested AND requester_id = ANY(requesters)
    ORDER BY requester_id
    FOR UPDATE;
    WITH marked AS (
        UPDATE follow_requests
        SET accepted = TRUE
        WHERE
            requested_id = requested
            AND requester_id = ANY(requesters)
            AND NOT EXISTS (SELECT FROM user_cache WHERE id IN (requester_id, requested_id) AND deleted)
        RETURNING requester_id
    )
    SELECT array_agg(requester_id ORDER BY requester_id) INTO accepted_ids FROM marked;
    INSERT INTO follows (follower_id, following_id)
    SELECT accepted_id, requested
    FROM unnest(accepted_ids) AS accepted_id
    ON CONFLICT (follower_id, following_id) DO NOTHING;
    DELETE FROM follow_requests
    WHERE requested_id = requested AND requester_id = ANY(requesters);
    RETURN QUERY SELECT unnest(accepted_ids);
END
$$ LANGUAGE plpgsql
