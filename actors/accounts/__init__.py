"""People as the rest of the server meets them: accounts, logins, and who a token speaks for."""
