"""The cost of restarts: many clients that return at once, and servers killed in use.

`make restarts` runs both at full size; tests/tools/test_restarts.py runs them small.
"""
