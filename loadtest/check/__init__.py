"""Is what was seen what was promised? The ledger of a process, the eyes of each guest, what was found."""
