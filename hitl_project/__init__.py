"""The project around the apps: settings, URLs, the ASGI application, the embedded servers."""
