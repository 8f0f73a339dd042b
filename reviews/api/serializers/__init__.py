"""APVs, decisions, statistics and positions as JSON over REST."""
