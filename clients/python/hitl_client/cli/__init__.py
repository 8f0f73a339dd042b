"""The command `hitl`: the queue, decisions and events on the command line."""
