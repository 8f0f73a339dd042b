"""Servers for comparison: each sends a decision to its subscribers, and does nothing else."""
