"""The REST API of credentials, who calls over REST, and how much a caller may write."""
