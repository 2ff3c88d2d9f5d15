-- Fires after inserts and deletes of follow requests. Publishes domain events.
--
-- Takes no locks. The key is the pair, so that consumers apply the last event of each pair.
CREATE OR REPLACE FUNCTION follow_requests_outbox() RETURNS TRIGGER AS $$
DECLARE
    r follow_requests := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    INSERT INTO outbox (key, type, payload)
    VALUES (
        r.requester_id || ':' || r.requested_id,
        CASE TG_OP WHEN 'DELETE' THEN 'follow_request.deleted' ELSE 'follow_request.created' END,
        jsonb_build_object('requester_id', r.requester_id, 'requested_id', r.requested_id)
    );
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER follow_requests_outbox
AFTER INSERT OR DELETE ON follow_requests
FOR EACH ROW EXECUTE FUNCTION follow_requests_outbox()
