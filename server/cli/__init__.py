"""The edge that operators use: commands, their words and their tables. Decides nothing."""
