"""The project: settings, URLs, middleware, the ASGI application, the servers."""

from hitl_project import env_file

env_file.read()  # before anything reads a variable
