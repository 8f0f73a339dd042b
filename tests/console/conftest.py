import pytest
from django.test import Client

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
