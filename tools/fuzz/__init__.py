"""Post hostile APVs to a real server, and measure every page that shows them."""
