"""The measurements of `make bench`, and the systems that it compares."""
