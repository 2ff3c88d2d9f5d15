-- Events. A check constraint keeps going_count from exceeding capacity.
CREATE TABLE events (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    creator_id UUID NOT NULL,
    title VARCHAR(200) NOT NULL,
    description TEXT,
    category VARCHAR(50) NOT NULL DEFAULT 'SOCIAL',
    start_datetime TIMESTAMPTZ NOT NULL,
    end_datetime TIMESTAMPTZ NOT NULL,
    capacity INTEGER NOT NULL CHECK (capacity > 0),
    going_count INTEGER NOT NULL DEFAULT 0 CHECK (going_count >= 0),
    interested_count INTEGER NOT NULL DEFAULT 0 CHECK (interested_count >= 0),
    created_at TIMESTAMPTZ NOT NULL DEFAULT NOW(),
    CONSTRAINT events_capacity CHECK (going_count <= capacity),
    CONSTRAINT events_end_after_start CHECK (end_datetime > start_datetime)
);
CREATE INDEX events_start ON events (start_datetime, id);
CREATE INDEX events_category ON events (category, start_datetime, id);
CREATE INDEX events_creator ON events (creator_id);
CREATE INDEX events_text ON events USING GIN (to_tsvector('simple', title || ' ' || coalesce(description, '')))
