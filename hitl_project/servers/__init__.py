"""Uvicorn and Daphne: limits on requests and connections, and shutdown."""
