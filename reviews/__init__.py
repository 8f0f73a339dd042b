"""APVs, the decisions on them, and everything that reads and writes them."""
