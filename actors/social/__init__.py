"""Who follows and who blocks whom, and what follows from it for everybody else."""
