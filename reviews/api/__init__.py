"""The REST doors under /hitl/."""
