"""Metrics that are read from the database: the same from every process."""

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import ClassVar

from django.db import DatabaseError, InterfaceError, connection
from prometheus_client.core import GaugeMetricFamily, Metric

logger = logging.getLogger(__name__)

QUANTILES = [0.5, 0.99]


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


def quantiles(name: str, documentation: str, sql: str) -> Metric:
    """Return the QUANTILES of some seconds, each NaN if there are no seconds.

    `sql` selects `percentile_cont(%s::float8[])` of them.
    """
    family = GaugeMetricFamily(name, documentation, labels=["quantile"])
    with connection.cursor() as cursor:
        cursor.execute(sql, [QUANTILES])
        found = cursor.fetchone()[0] or [math.nan] * len(QUANTILES)
    for quantile, seconds in zip(QUANTILES, found, strict=True):
        family.add_metric([str(quantile)], seconds)
    return family
