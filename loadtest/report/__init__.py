"""The report: as JSON, as an HTML page and as plain text."""
