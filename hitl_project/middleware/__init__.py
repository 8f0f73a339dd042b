"""Middleware: what happens to each request before a view, and to its response afterwards."""
