-- Creates requests of one actor and returns those that their recipients see.
--
-- The recipients in `unseen`, and those with `recipient_max` open ones, get one that they do not see. None is created
-- for a recipient who has a request for this conversation that has not expired, even a declined one, or with a block
-- between them and the actor or owner. Raises conversation_requests_actor_max if the actor would have more than
-- `actor_max` that have not expired.
--
-- Advisory locks on 64 groups of users, taken in order, make concurrent calls count one after another; a
-- statement that counted before the locks would miss the others' rows.
CREATE OR REPLACE FUNCTION conversation_requests_add(
    recipients UUID [], unseen UUID [], of_conversation TEXT, by_actor UUID, of_event UUID, owner UUID,
    title TEXT, recipient_max INT, actor_max INT, lifetime_s FLOAT8
) RETURNS SETOF CONVERSATION_REQUESTS AS $$
DECLARE
    lock_key INT;
    expired TIMESTAMPTZ := now();
BEGIN
    FOR lock_key IN
        SELECT DISTINCT hashtext(u::text) & 63 FROM unnest(recipients || by_actor) AS u ORDER BY 1
    LOOP
        PERFORM pg_advisory_xact_lock(7264538, lock_key);
    END LOOP;
    -- Each call removes more expired rows than it usually adds, which bounds the table.
    DELETE FROM conversation_requests AS q
    USING (
        SELECT o.recipient_id, o.conversation_id
        FROM conversation_requests AS o
        WHERE o.expires_at <= expired
        ORDER BY o.expires_at
        LIMIT 100 + cardinality(recipients)
        FOR UPDATE SKIP LOCKED
    ) AS old
    WHERE q.recipient_id = old.recipient_id AND q.conversation_id = old.conversation_id;
    DELETE FROM conversation_requests AS q
    WHERE q.recipient_id = ANY(recipients) AND q.conversation_id = of_conversation AND q.expires_at <= expired;
    IF (
        SELECT count(*) FROM conversation_requests AS q WHERE q.actor_id = by_actor AND q.expires_at > expired
    ) + (
        SELECT count(DISTINCT r) FROM unnest(recipients) AS r
        WHERE NOT EXISTS (
            SELECT FROM conversation_requests AS q
            WHERE q.recipient_id = r AND q.conversation_id = of_conversation
        )
    ) > actor_max THEN
        RAISE EXCEPTION 'too many requests'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'conversation_requests_actor_max';
    END IF;
    RETURN QUERY
    WITH added AS (
        INSERT INTO conversation_requests AS n (
            recipient_id, conversation_id, actor_id, event_id, owner_id, name, state, expires_at
        )
        SELECT
            r, of_conversation, by_actor, of_event, owner, left(title, 200),
            CASE WHEN r = ANY(unseen) OR (
                SELECT count(*)
                FROM conversation_requests AS o
                WHERE o.recipient_id = r AND o.state = 'open' AND o.expires_at > expired
            ) >= recipient_max THEN 'hidden' ELSE 'open' END,
            expired + make_interval(secs => lifetime_s)
        FROM (SELECT DISTINCT unnest(recipients) AS r ORDER BY 1) AS wanted
        WHERE NOT EXISTS (
            SELECT FROM blocks AS b
            WHERE
                (b.blocker_id = r AND b.blocked_id IN (by_actor, owner))
                OR (b.blocked_id = r AND b.blocker_id IN (by_actor, owner))
        )
        ON CONFLICT (recipient_id, conversation_id) DO NOTHING
        RETURNING n.*
    )
    SELECT a.* FROM added AS a WHERE a.state = 'open';
END
$$ LANGUAGE plpgsql
