#!/usr/bin/env python
"""Run a command of HITL Console: `python manage.py help` lists them."""

import os
import sys

from hitl_project import embedded


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "hitl_project.settings")
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        if embedded.needed_by(sys.argv):
            embedded.start()
        from django.conf import settings

        settings.configured or settings._setup()  # type: ignore[misc]
    except (ImproperlyConfigured, embedded.EmbeddedServerError) as error:
        sys.exit(f"error: {error}")
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
