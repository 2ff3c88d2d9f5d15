-- A new event.
--
--   :creator_id uuid  :title text  :description text  :category text  :start timestamptz  :end timestamptz
--   :capacity int   -> id
INSERT INTO events (creator_id, title, description, category, start_datetime, end_datetime, capacity)
VALUES (:creator_id, :title, :description, :category, :start, :end, :capacity)
RETURNING id
