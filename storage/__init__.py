"""Storage: contracts and errors are public, drivers are private to this package."""
