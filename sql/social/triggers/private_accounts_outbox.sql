-- Fires after an account becomes private. Publishes a domain event, so that notifications about posts that are
-- no longer visible are withdrawn.
--
-- Takes no locks.
CREATE OR REPLACE FUNCTION private_accounts_outbox() RETURNS TRIGGER AS $$
BEGIN
    IF NEW.private AND (TG_OP = 'INSERT' OR NOT OLD.private) THEN
        INSERT INTO outbox (key, type, payload)
        VALUES (NEW.user_id, 'account.made_private', jsonb_build_object('user_id', NEW.user_id));
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER private_accounts_outbox
AFTER INSERT OR UPDATE OF private ON private_accounts
FOR EACH ROW EXECUTE FUNCTION private_accounts_outbox()
