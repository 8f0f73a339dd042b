"""PostgreSQL and Valkey, started and stopped for installations without their own."""
