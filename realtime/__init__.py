"""Deliver events to clients, whatever they are about: messages, event log, hub, socket."""
