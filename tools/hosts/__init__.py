"""Serve one installation from three hosts, break them, and count what their sockets received.

`make hosts` does so at full size; tests/tools/test_hosts.py on the loopback, small.
"""
