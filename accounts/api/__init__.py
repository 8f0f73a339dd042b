"""Who calls over REST: tokens, tickets, and how much a caller may write."""
