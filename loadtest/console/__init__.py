"""Progress display: a live table, or plain lines without a terminal."""
