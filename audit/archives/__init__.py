"""Entries of the audit that leave the table: the files that keep them, and how these verify."""
