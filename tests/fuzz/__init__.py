"""What programs may post, and every page that shows it: how long, how much, how well."""
