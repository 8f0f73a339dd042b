"""A replica of PostgreSQL that may lag, and what reads it."""
