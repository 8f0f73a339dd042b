"""The project: settings, URLs, middleware, the ASGI application, the servers."""

from hitl_project import env_file

__version__ = "0.1.0"

env_file.read()  # before anything reads a variable
