"""Webhooks: check who sent one, keep it, and find out which pull requests it is about."""
