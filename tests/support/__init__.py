"""What tests share, and no test: sites, people, lines that break, pages as they are read."""
