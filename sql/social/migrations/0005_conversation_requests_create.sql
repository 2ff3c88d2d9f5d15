-- Requests to join a conversation: a user added or invited another, who has to accept it first.
--
-- open: the recipient sees it. declined: kept until it expires, so that it is not asked again before.
-- hidden: the recipient accepts none, or has too many; kept so that the one who asked can not tell.
-- An event id marks an invite to the event whose conversation it is; owner_id is the event's creator. name is
-- the title when the request was made.
CREATE TABLE conversation_requests (
    recipient_id UUID NOT NULL,
    conversation_id VARCHAR(24) COLLATE "C" NOT NULL,
    actor_id UUID NOT NULL,
    event_id UUID,
    owner_id UUID,
    name VARCHAR(200),
    state VARCHAR(10) NOT NULL CHECK (state IN ('open', 'declined', 'hidden')),
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    expires_at TIMESTAMPTZ NOT NULL,
    PRIMARY KEY (recipient_id, conversation_id),
    CONSTRAINT conversation_requests_not_self CHECK (recipient_id <> actor_id)
);
CREATE INDEX conversation_requests_page
ON conversation_requests (recipient_id, created_at DESC, conversation_id DESC) WHERE state = 'open';
CREATE INDEX conversation_requests_actor ON conversation_requests (actor_id);
CREATE INDEX conversation_requests_owner ON conversation_requests (owner_id) WHERE owner_id IS NOT NULL;
CREATE INDEX conversation_requests_expiry ON conversation_requests (expires_at)
