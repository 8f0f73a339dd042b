"""Posts hostile APVs to a real server, and watches what every page that shows them takes."""
