"""Policies: what an approval needs, declared once, evaluated, explained and tried on the past."""
