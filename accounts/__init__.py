"""Who may come in: credentials, the limits on passwords, and their administration and REST."""
