"""What `make bench` measures, and the systems it measures beside this one."""
