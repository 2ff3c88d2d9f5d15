-- Fires after a user is created or an address changes. Rejects an address that another account had and can
-- still take back, as if it were in use.
--
-- Takes no locks. It fires after the unique index has waited for a concurrent change of that address, and its
-- query sees what that change committed; a condition in the statement itself would not.
CREATE OR REPLACE FUNCTION users_email_reserved() RETURNS TRIGGER AS $$
BEGIN
    IF EXISTS (
        SELECT 1
        FROM mail_tokens
        WHERE
            kind = 'email_change'
            AND lower(email) = lower(NEW.email)
            AND user_id <> NEW.id
            AND used_at IS NULL
            AND expires_at > now()
    ) THEN
        RAISE unique_violation USING CONSTRAINT = 'users_email_key';
    END IF;
    RETURN NULL;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER users_email_reserved
AFTER INSERT OR UPDATE OF email ON users
FOR EACH ROW EXECUTE FUNCTION users_email_reserved()
