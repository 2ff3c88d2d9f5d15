-- Keeps an event that could not be taken.
--
--   :consumer text  :event_id bigint  :key text  :type text  :payload jsonb  :reason text
--   :happened_at timestamptz
INSERT INTO dead_letters (consumer, event_id, key, type, payload, reason, happened_at)
VALUES (:consumer, :event_id, :key, :type, :payload, :reason, :happened_at)
ON CONFLICT (consumer, event_id, key) DO NOTHING
