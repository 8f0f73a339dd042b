"""Helpers that tests share: installations, users, broken connections, pages."""
