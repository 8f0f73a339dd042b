"""Decide at random in a real browser, and compare the records with what was confirmed."""
