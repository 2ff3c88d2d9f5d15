-- Fires before a follow, after follows_blocked. Turns a follow of a private account into a request, unless it
-- was accepted.
--
-- The lock on the pair is held by follows_blocked. The share lock on the row of the account waits for a
-- concurrent change of its privacy, so that no request remains when the account becomes public.
CREATE OR REPLACE FUNCTION follows_requested() RETURNS TRIGGER AS $$
BEGIN
    IF EXISTS (
        SELECT FROM follows WHERE follower_id = NEW.follower_id AND following_id = NEW.following_id
    ) THEN
        RETURN NEW;
    END IF;
    PERFORM FROM private_accounts WHERE user_id = NEW.following_id AND private FOR SHARE;
    IF FOUND AND NOT EXISTS (
        SELECT FROM follow_requests
        WHERE requester_id = NEW.follower_id AND requested_id = NEW.following_id AND accepted
    ) THEN
        INSERT INTO follow_requests (requester_id, requested_id)
        VALUES (NEW.follower_id, NEW.following_id)
        ON CONFLICT (requester_id, requested_id) DO NOTHING;
        RETURN NULL;
    END IF;
    DELETE FROM follow_requests
    WHERE requester_id = NEW.follower_id AND requested_id = NEW.following_id;
    RETURN NEW;
END
$$ LANGUAGE plpgsql;

CREATE OR REPLACE TRIGGER follows_requested
BEFORE INSERT ON follows
FOR EACH ROW EXECUTE FUNCTION follows_requested()
