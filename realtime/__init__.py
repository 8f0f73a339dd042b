"""How things are told: messages, the event log, the hub and the socket. It knows not what."""
