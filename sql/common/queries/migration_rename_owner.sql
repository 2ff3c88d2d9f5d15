-- Renames the owner of applied migrations, after its folder was renamed.
--
--   :old_owner text  :new_owner text
UPDATE schema_migrations
SET name = :new_owner || substr(name, length(:old_owner) + 1)
WHERE starts_with(name, :old_owner || '/')
