"""The audit: an append-only log of who did what, chained so that any change is detected."""
