from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

from reviews.search import Trigrams

FUNCTION = """
CREATE FUNCTION reviews_trigrams(VARIADIC texts text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 AS $$
    SELECT ARRAY(
        SELECT a || b || c
        FROM
            (SELECT upper(array_to_string(texts, chr(10))) AS text) AS whole,
            unnest(
                string_to_array(text, NULL),
                string_to_array(substr(text, 2), NULL),
                string_to_array(substr(text, 3), NULL)
            ) AS part (a, b, c)
        WHERE c IS NOT NULL
    )
$$
"""

# The planner never asks for them, and they would cost ANALYZE seconds.
NO_STATISTICS = "ALTER INDEX apv_queue_search ALTER COLUMN 1 SET STATISTICS 0"


class Migration(migrations.Migration):
    """An index that the queue is searched by."""

    dependencies = [("reviews", "0006_reading")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION reviews_trigrams(text[])"),
        migrations.AddIndex(
            "apv",
            GinIndex(
                Trigrams("apv_code", "cve_id", "package_name", "cve_title", "cve_description"),
                name="apv_queue_search",
                condition=models.Q(status="pending"),
            ),
        ),
        migrations.RunSQL(NO_STATISTICS, migrations.RunSQL.noop),
    ]
