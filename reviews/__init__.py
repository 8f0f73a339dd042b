"""What is decided: APVs, the decisions on them, and every door that reads or writes them."""
