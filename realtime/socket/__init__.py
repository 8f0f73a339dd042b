"""The socket at /hitl/ws: its requests, what it writes, and when it closes."""
