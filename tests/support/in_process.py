"""Users and APVs made in this process, for tests that call the views without a server."""

import uuid

from django.contrib.auth.models import Group, User
from django.test import Client

from reviews.models import APV


def client_of(group: str, full_name: str = "") -> Client:
    """Return a browser in which a new user of `group` is signed in."""
    first, _, last = full_name.partition(" ")
    user = User.objects.create_user(uuid.uuid4().hex, first_name=first, last_name=last)
    user.groups.add(Group.objects.get(name=group))
    return signed_in(user)


def signed_in(user: User) -> Client:
    """Return a browser in which `user` is signed in."""
    client = Client()
    client.force_login(user)
    return client


def new_apv(**fields) -> APV:
    given = {
        "severity": "HIGH",
        "package_name": "requests",
        "patch_strategy": "version_bump",
        "pr_number": 7,
        **fields,
    }
    return APV.objects.create(**given)
