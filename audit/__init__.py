"""Who did what: a log that only grows, chained so that a change shows."""
