"""Make APVs from published advisories: OSV records, what they affect, and their severity."""
