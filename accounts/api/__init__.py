"""The REST API of credentials, authentication of REST calls, and the limit on writes."""
