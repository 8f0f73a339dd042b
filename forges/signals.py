"""What others can follow."""

from django.dispatch import Signal

pull_request_read = Signal()
"""Sent in the transaction that stores a pull request which differs from what was stored before.

`pull_request` is the stored row (forges.models.PullRequest), `changed` the names of its fields that
differ; an exception rolls the storing back.
"""
