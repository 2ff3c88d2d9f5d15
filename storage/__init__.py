"""Where things are kept: contracts, records and errors for everybody, drivers behind them for nobody else."""
