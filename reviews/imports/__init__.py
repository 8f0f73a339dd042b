"""What makes APVs of published advisories: OSV records, what they affect, and how they rate it."""
