"""PostgreSQL and Valkey for those who bring none."""
