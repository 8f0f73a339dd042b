from collections.abc import Iterator

import pytest

from tests.support.installations import Installation, installed


@pytest.fixture
def installation() -> Iterator[Installation]:
    with installed() as made:
        yield made
