"""Holds the orders of versions against published ones, and tries a folder of advisories."""
