"""Deliver events of any kind to clients: messages, event log, hub, socket."""
