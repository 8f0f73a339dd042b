"""Compare how the console, git and unidiff read the same patches: `make compare-diffs`."""
