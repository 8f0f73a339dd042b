"""Measure what a decision costs the server, against an earlier commit."""
