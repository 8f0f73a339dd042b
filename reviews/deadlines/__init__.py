"""Deadlines: rules for how long APVs may wait, who is warned, and to whom it is escalated."""
