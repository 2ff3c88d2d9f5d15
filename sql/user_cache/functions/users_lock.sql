-- Takes shared locks on users until the end of the transaction, so that the deletion of a user's rows sees what the
-- transaction adds. The deletion takes the exclusive lock once, after the user is marked as deleted: it waits for the
-- transactions that did not see the mark.
--
-- The locks are those of 256 groups of users: a statement may add rows of thousands.
CREATE OR REPLACE FUNCTION users_lock(user_ids UUID[]) RETURNS VOID AS $$
DECLARE
    lock_key INT;
BEGIN
    FOR lock_key IN SELECT DISTINCT user_lock_key(u) FROM unnest(user_ids) AS u WHERE u IS NOT NULL ORDER BY 1 LOOP
        PERFORM pg_advisory_xact_lock_shared(7264539, lock_key);
    END LOOP;
END
$$ LANGUAGE plpgsql;

-- Returns the group of a user.
CREATE OR REPLACE FUNCTION user_lock_key(user_id UUID) RETURNS INT AS $$
    SELECT hashtext(user_id::text) & 255
$$ LANGUAGE sql IMMUTABLE;

-- Locks users as users_lock does, and returns whether one of them was deleted.
--
-- Reads after locking: the user is marked as deleted before the deletion of their rows takes its lock.
CREATE OR REPLACE FUNCTION users_include_deleted(user_ids UUID[]) RETURNS BOOLEAN AS $$
BEGIN
    PERFORM users_lock(user_ids);
    RETURN EXISTS (SELECT FROM user_cache WHERE id = ANY(user_ids) AND deleted);
END
$$ LANGUAGE plpgsql;

-- Locks users as users_lock does, and raises users_deleted if one of them was deleted.
CREATE OR REPLACE FUNCTION users_require(user_ids UUID[]) RETURNS VOID AS $$
BEGIN
    IF users_include_deleted(user_ids) THEN
        RAISE EXCEPTION 'deleted' USING ERRCODE = 'check_violation', CONSTRAINT = 'users_deleted';
    END IF;
END
$$ LANGUAGE plpgsql;

-- Trigger function: rejects a row of a deleted user; see users_require. The arguments are the columns of users.
CREATE OR REPLACE FUNCTION users_deleted() RETURNS TRIGGER AS $$
BEGIN
    PERFORM users_require(ARRAY(SELECT (to_jsonb(NEW) ->> c)::uuid FROM unnest(TG_ARGV) AS c));
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

-- Trigger function: leaves out a row of a deleted user, where others' statement must not fail. The arguments are the
-- columns of users.
CREATE OR REPLACE FUNCTION users_deleted_skipped() RETURNS TRIGGER AS $$
BEGIN
    IF users_include_deleted(ARRAY(SELECT (to_jsonb(NEW) ->> c)::uuid FROM unnest(TG_ARGV) AS c)) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$ LANGUAGE plpgsql
