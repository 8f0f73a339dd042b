"""The admin of people, of programs, and of sign-ins that failed."""

from accounts.admin import people, programs, sign_ins  # noqa: F401 — registers them
