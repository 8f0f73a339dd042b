"""Connections to a replica, which may be away without harm."""
