-- Changes those fields of an event whose :set_... is true.
--
--   :id uuid  :set_title bool  :title text  :set_description bool  :description text
--   :set_category bool  :category text  :set_start bool  :start timestamptz  :set_end bool  :end timestamptz
--   :set_capacity bool  :capacity int   -> event row, or none
UPDATE events
SET
    title = CASE WHEN :set_title THEN :title ELSE title END,
    description = CASE WHEN :set_description THEN :description ELSE description END,
    category = CASE WHEN :set_category THEN :category ELSE category END,
    start_datetime = CASE WHEN :set_start THEN :start ELSE start_datetime END,
    end_datetime = CASE WHEN :set_end THEN :end ELSE end_datetime END,
    capacity = CASE WHEN :set_capacity THEN :capacity ELSE capacity END
WHERE id = :id
RETURNING id, capacity, going_count, start_datetime > now() AS ahead
