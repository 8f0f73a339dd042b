"""What is decided: APVs, the decisions on them, and all that reads and writes them."""
