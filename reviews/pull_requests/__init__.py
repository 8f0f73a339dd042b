"""What an APV says of a pull request that was read: its fields, checks and fixed advisories."""
