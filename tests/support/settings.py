"""The settings of the tests, and of the servers and commands that they start."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from hitl_project.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.support.settings.QuickHasher"]


class QuickHasher(PBKDF2PasswordHasher):
    """Django's hasher with less work: tests sign in many hundred times."""

    iterations = 1000


PROCRASTINATE_IMPORT_PATHS = ["tests.support.job_tasks"]
