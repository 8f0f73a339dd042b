"""Published CVEs and manifest changes, from which demo APVs are made."""
