"""Servers to compare with: each tells its subscribers of a decision, and does nothing else."""
