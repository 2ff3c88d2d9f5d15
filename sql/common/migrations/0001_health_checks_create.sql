-- One row, written and read back by health checks. Not used since 0007.
CREATE TABLE health_checks (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    written BIGINT NOT NULL
)
