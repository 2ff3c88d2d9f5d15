-- Fires after inserts and deletes of follows and blocks. Publishes domain events.
--
-- Takes no locks. The key is the pair, so that consumers apply the last event of each pair.
CREATE OR REPLACE FUNCTION follows_outbox() RETURNS TRIGGER AS $$
DECLARE
    f follows := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO outbox (key, type, payload)
    VALUES (
        f.follower_id || ':' || f.following_id,
        CASE TG_OP WHEN 'DELETE' THEN 'follow.deleted' ELSE 'follow.created' END,
        jsonb_build_object('follower_id', f.follower_id, 'following_id', f.following_id)
    );
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER follows_outbox
AFTER INSERT OR DELETE ON follows
FOR EACH ROW EXECUTE FUNCTION follows_outbox();

CREATE OR REPLACE FUNCTION blocks_outbox() RETURNS TRIGGER AS $$
DECLARE
    b blocks := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO outbox (key, type, payload)
    VALUES (
        b.blocker_id || ':' || b.blocked_id,
        CASE TG_OP WHEN 'DELETE' THEN 'block.deleted' ELSE 'block.created' END,
        jsonb_build_object('blocker_id', b.blocker_id, 'blocked_id', b.blocked_id)
    );
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER blocks_outbox
AFTER INSERT OR DELETE ON blocks
FOR EACH ROW EXECUTE FUNCTION blocks_outbox()
