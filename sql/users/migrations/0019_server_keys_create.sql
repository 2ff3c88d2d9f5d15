-- Random keys that all instances share. `addresses` is the key of the hashes under which limits keep logins
-- and e-mail addresses.
CREATE TABLE server_keys (
    name TEXT PRIMARY KEY,
    value BYTEA NOT NULL CHECK (length(value) BETWEEN 16 AND 64)
)
