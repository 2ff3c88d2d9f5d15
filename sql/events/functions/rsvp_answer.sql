-- Sets an RSVP as rsvp_set does, for callers that do not know guests and requests: instances of earlier versions.
CREATE OR REPLACE FUNCTION rsvp_answer(
    of_event UUID, by_user UUID, wanted TEXT, waits BOOLEAN,
    OUT status TEXT, OUT place BIGINT, OUT refused TEXT
) AS $$
BEGIN
    SELECT nullif(s.status, 'PENDING'), s.place, s.refused INTO status, place, refused
    FROM rsvp_set(of_event, by_user, wanted, waits, NULL, NULL) AS s;
END
$$ LANGUAGE plpgsql
