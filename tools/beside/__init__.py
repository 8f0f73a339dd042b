"""Measure the queue next to the list of Review Board, another Django application for reviews."""
