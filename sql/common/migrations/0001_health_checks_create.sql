-- One row, written and read back by health checks.
CREATE TABLE health_checks (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    written BIGINT NOT NULL
)
