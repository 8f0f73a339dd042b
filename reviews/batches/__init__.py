"""What a person does with many APVs together: each for itself, by a job that can be watched."""
