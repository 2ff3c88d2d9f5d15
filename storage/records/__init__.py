"""Records that stores take and return: frozen structs without behaviour."""
