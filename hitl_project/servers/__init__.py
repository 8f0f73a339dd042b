"""Uvicorn and Daphne: what each request and connection may take, and how a server ends."""
