-- Takes shared locks on users until the end of the transaction. The deletion of a user's rows takes the exclusive
-- one, so it waits for transactions that add rows, and sees them.
--
-- Locks in id order, and before all other locks, to avoid a deadlock.
CREATE OR REPLACE FUNCTION users_lock(user_ids UUID[]) RETURNS VOID AS $$
DECLARE
    locked_id UUID;
BEGIN
    FOR locked_id IN SELECT DISTINCT u FROM unnest(user_ids) AS u ORDER BY u LOOP
        PERFORM pg_advisory_xact_lock_shared(hashtextextended('user:' || locked_id::text, 0));
    END LOOP;
END
$$ LANGUAGE plpgsql;

-- Locks users as users_lock does, and raises users_deleted if one of them was deleted.
--
-- Reads after locking: the user is marked as deleted before the deletion of their rows takes its lock.
CREATE OR REPLACE FUNCTION users_require(user_ids UUID[]) RETURNS VOID AS $$
BEGIN
    PERFORM users_lock(user_ids);
    IF EXISTS (SELECT FROM user_cache WHERE id = ANY(user_ids) AND deleted) THEN
        RAISE EXCEPTION 'deleted' USING ERRCODE = 'check_violation', CONSTRAINT = 'users_deleted';
    END IF;
END
$$ LANGUAGE plpgsql
