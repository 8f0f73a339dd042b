"""What happens to every HTTP request before a view sees it, and to its answer after."""
