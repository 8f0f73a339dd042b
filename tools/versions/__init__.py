"""Compare the orders of versions with published ones, and try a folder of advisories."""
