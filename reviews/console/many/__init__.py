"""Pages on which a person acts on many APVs together: the choice, the question, the progress."""
