"""What every bench script shares: processes, the generator, rounds, tables. It measures no server itself."""
