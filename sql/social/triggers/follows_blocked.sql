-- Fires before a follow or a block. Two users cannot have both: a block ends follows and requests to follow. Rejects
-- those of deleted users; see users_require.
--
-- Takes an advisory lock on the pair until the end of the transaction and checks afterwards, so that a
-- concurrent follow and block cannot both succeed. A check before the lock would miss the other one.
CREATE OR REPLACE FUNCTION pair_lock(one UUID, other UUID) RETURNS VOID AS $$
    SELECT pg_advisory_xact_lock(
        hashtextextended(least(one, other)::text || greatest(one, other)::text, 0)
    )
$$ LANGUAGE sql;

CREATE OR REPLACE FUNCTION follows_blocked() RETURNS TRIGGER AS $$
BEGIN
    PERFORM users_require(ARRAY[NEW.follower_id, NEW.following_id]);
    PERFORM pair_lock(NEW.follower_id, NEW.following_id);
    IF EXISTS (
        SELECT FROM blocks
        WHERE (blocker_id, blocked_id) IN (
            (NEW.follower_id, NEW.following_id), (NEW.following_id, NEW.follower_id)
        )
    ) THEN
        RAISE EXCEPTION 'blocked' USING ERRCODE = 'check_violation', CONSTRAINT = 'follows_blocked';
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER follows_blocked
BEFORE INSERT ON follows
FOR EACH ROW EXECUTE FUNCTION follows_blocked();

CREATE OR REPLACE FUNCTION blocks_end_follows() RETURNS TRIGGER AS $$
BEGIN
    PERFORM users_require(ARRAY[NEW.blocker_id, NEW.blocked_id]);
    PERFORM pair_lock(NEW.blocker_id, NEW.blocked_id);
    DELETE FROM follows
    WHERE (follower_id, following_id) IN (
        (NEW.blocker_id, NEW.blocked_id), (NEW.blocked_id, NEW.blocker_id)
    );
    DELETE FROM follow_requests
    WHERE (requester_id, requested_id) IN (
        (NEW.blocker_id, NEW.blocked_id), (NEW.blocked_id, NEW.blocker_id)
    );
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER blocks_end_follows
BEFORE INSERT ON blocks
FOR EACH ROW EXECUTE FUNCTION blocks_end_follows()
