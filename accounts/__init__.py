"""Credentials, password limits, and their administration and REST API."""
