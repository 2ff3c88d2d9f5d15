"""The bus and the user streams on Redis (or Valkey). Besides the embedded stores nobody else knows it."""
