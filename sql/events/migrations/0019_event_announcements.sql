-- Announcements of hosts. Kept for a limited time, to limit their rate; their text is in the event's conversation.
CREATE TABLE event_announcements (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    event_id UUID NOT NULL REFERENCES events (id) ON DELETE CASCADE,
    author_id UUID NOT NULL,
    content TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW()
);
CREATE INDEX event_announcements_event ON event_announcements (event_id, created_at);
CREATE INDEX event_announcements_age ON event_announcements (created_at);
CREATE INDEX event_announcements_author ON event_announcements (author_id)
