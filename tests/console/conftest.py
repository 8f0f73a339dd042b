import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.support.effect_rows import member
from tests.support.in_process import client_of


@pytest.fixture
def reviewer() -> Client:
    return client_of("reviewers", "Rita Reviewer")


@pytest.fixture
def lead() -> Client:
    return client_of("leads", "Lena Lead")


@pytest.fixture
def observer() -> Client:
    return client_of("observers")


@pytest.fixture
def rita() -> User:
    return member("reviewers")


@pytest.fixture
def lena() -> User:
    return member("leads", "Lena Lead")
