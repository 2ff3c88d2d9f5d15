-- One row that is written and read back to see whether the database truly works.
CREATE TABLE health_checks (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    written BIGINT NOT NULL
)
