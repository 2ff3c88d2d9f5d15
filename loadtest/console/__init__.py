"""What is seen while it runs: a live table, or plain lines where there is no terminal."""
