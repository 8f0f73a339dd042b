"""How news reaches clients, whatever it is about: messages, the event log, the hub, the socket."""
