"""The REST API of the review, under /hitl/."""
