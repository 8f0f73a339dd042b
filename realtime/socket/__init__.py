"""One socket at /hitl/ws: what it is asked, what it writes, and when it ends."""
