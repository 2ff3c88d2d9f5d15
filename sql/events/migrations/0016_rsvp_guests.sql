-- Guests that a user brings. going_count counts users who are going and their guests.
ALTER TABLE event_rsvps
ADD COLUMN guests INTEGER NOT NULL DEFAULT 0 CHECK (guests BETWEEN 0 AND 10);
ALTER TABLE event_waitlist
ADD COLUMN guests INTEGER NOT NULL DEFAULT 0 CHECK (guests BETWEEN 0 AND 10)
