"""A server without cyclic garbage collection, so that reference cycles stay."""

import gc
import os
import sys

from hitl_project.embedded import servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
servers.start()
gc.set_threshold(0)  # the start enables collections, and this leaves none

from django.core.management import execute_from_command_line  # noqa: E402

execute_from_command_line(sys.argv)
