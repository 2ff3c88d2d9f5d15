"""Domain events between services: published through an outbox, applied exactly once by each consumer."""
