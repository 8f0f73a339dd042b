"""The settings of the servers and commands that tests start, and of the tests themselves."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher

from hitl_project.settings import *  # noqa: F403

PASSWORD_HASHERS = ["tests.support.settings.QuickHasher"]


class QuickHasher(PBKDF2PasswordHasher):
    """Django's own, but for how long a guess takes: tests sign in many hundred times."""

    iterations = 1000
