"""Metrics that are read from the database: the same from every process."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from django.db import DatabaseError, InterfaceError
from prometheus_client.core import Metric

logger = logging.getLogger(__name__)


class DatabaseCollector(ABC):
    """Reads metrics of `subject` on each scrape; without a database there are none."""

    subject: ClassVar[str]

    def collect(self) -> Iterator[Metric]:
        try:
            found = self.read()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("The numbers of %s cannot be read: %s", self.subject, error)
            return
        yield from found

    @abstractmethod
    def read(self) -> list[Metric]: ...
