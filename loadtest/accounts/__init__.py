"""Who the load is made as: people from a file, or registered over HTTP."""
