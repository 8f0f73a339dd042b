"""Count the requests to forges in the database, as nobody scrapes the processes that run jobs."""

import structlog
from django.db import DatabaseError, InterfaceError, connection, transaction

from forges.clients.http import Sent
from forges.models import Forge

logger = structlog.get_logger(__name__)

# Sorted, so that two processes lock the rows in the same order.
ADD = """
INSERT INTO forges_requestcount (forge_id, method, status, count)
SELECT %s, method, status, count
FROM unnest(%s::text[], %s::text[], %s::bigint[]) AS sent (method, status, count)
ORDER BY method, status
ON CONFLICT (forge_id, method, status)
    DO UPDATE SET count = forges_requestcount.count + EXCLUDED.count
"""


def add(forge: Forge, sent: Sent) -> None:
    """Add requests that were sent to a forge; those to one that is not stored are not counted.

    Nothing fails because of it: without the database they are not counted either.
    """
    if not (forge.pk and sent):
        return
    methods, statuses = zip(*sent, strict=True)
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(ADD, [forge.pk, [*methods], [*statuses], [*sent.values()]])
    except (DatabaseError, InterfaceError) as error:
        logger.warning("forge_requests_not_counted", forge=forge.name, error=str(error))
