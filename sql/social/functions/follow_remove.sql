-- Ends a follow or withdraws the request for it. Returns whether there was one.
--
-- Takes the lock of the pair first and reads afterwards; otherwise a request that is being accepted would
-- become a follow that remains.
CREATE OR REPLACE FUNCTION follow_remove(follower UUID, followed UUID) RETURNS BOOLEAN AS $$
DECLARE
    removed BOOLEAN;
BEGIN
    PERFORM pair_lock(follower, followed);
    DELETE FROM follow_requests WHERE requester_id = follower AND requested_id = followed;
    removed := FOUND;
    DELETE FROM follows WHERE follower_id = follower AND following_id = followed;
    RETURN removed OR FOUND;
END
$$ LANGUAGE plpgsql
