"""PostgreSQL and Valkey, started and stopped for those who bring none."""
