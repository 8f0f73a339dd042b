"""Django's PostgreSQL, with connections that give up when the server falls silent."""
