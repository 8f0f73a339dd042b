"""Inject faults while decisions are carried out on forges, and compare the records with these.

`make effects` runs all of them at full size; tests/tools/test_effects.py runs them small.
"""
