"""APVs, decisions, statistics and positions as JSON, as REST reads and writes them."""
