"""Measure the intake with real pull requests of bots."""
