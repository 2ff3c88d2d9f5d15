"""Domain events between services: published through an outbox, handled at least once by each consumer."""
