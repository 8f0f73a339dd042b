"""Serve under Daphne, for development. Reloads when the code changes."""

from daphne.management.commands.runserver import Command as DaphneCommand

from hitl_project.servers.daphne_server import DevelopmentServer


class Command(DaphneCommand):
    help = "Serves for development, and reloads the code when it changes; `serve` is for production"
    server_cls = DevelopmentServer
