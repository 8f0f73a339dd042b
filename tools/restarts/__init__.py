"""What restarts cost: a herd of clients that comes back at once, and a soak of killed servers.

`make restarts` runs both at full size; tests/tools/test_restarts.py runs them small.
"""
