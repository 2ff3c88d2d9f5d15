-- Which history of which database this is, and how far its numbers have come.
--
-- A restored dump is another database or server; one put back to an earlier moment has lower numbers.
--
--   -> source, head
SELECT
    (SELECT system_identifier FROM pg_control_system())::text
    || ':' || (SELECT oid FROM pg_database WHERE datname = current_database())::text AS source,
    (SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM outbox_id_seq) AS head
