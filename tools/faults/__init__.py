"""Faults injected into a running installation, and the count of what they cost.

`make faults` runs all of them at full size; tests/tools/test_faults.py runs them small.
"""
