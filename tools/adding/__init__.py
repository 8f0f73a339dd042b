"""Measure how APVs are added, many at once, against an earlier commit."""
