"""Decides at random in a real browser, and compares what was recorded with what was confirmed."""
