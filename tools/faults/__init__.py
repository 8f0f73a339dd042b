"""Inject faults into a running installation, and count their effects.

`make faults` runs all of them at full size; tests/tools/test_faults.py runs them small.
"""
