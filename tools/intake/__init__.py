"""Measure what the intake makes of real pull requests of bots."""
