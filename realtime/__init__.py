"""How it is told: messages, the event log, the hub and the socket. It knows no APV."""
