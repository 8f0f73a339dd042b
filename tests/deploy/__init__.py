"""What the files under deploy/ install, run and describe."""
