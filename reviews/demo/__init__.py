"""Facts of published CVEs and the manifest bumps that demo APVs are made from."""
