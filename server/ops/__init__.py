"""The view inside for operators: `/ops` on the management port."""
