from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

from realtime.migration_sql import BoundSQL
from reviews.search import Trigrams

# With the key of retractions, so that the median reads no rows.
REVIEW_TIME = """
DROP INDEX {schema}.decision_review_time;
CREATE INDEX decision_review_time ON {schema}.reviews_decision
    ({schema}.reviews_time_bucket(review_seconds), review_seconds) INCLUDE (decision_id)
    WHERE action_taken <> 'awaiting_approval';
"""
AS_BEFORE = """
DROP INDEX {schema}.decision_review_time;
CREATE INDEX decision_review_time ON {schema}.reviews_decision
    ({schema}.reviews_time_bucket(review_seconds), review_seconds);
"""
# The planner never needs them, and they would cost ANALYZE seconds.
NO_STATISTICS = "ALTER INDEX apv_name_search ALTER COLUMN 1 SET STATISTICS 0"


class Migration(migrations.Migration):
    """Numbers and searches that read no rows of those that they count or pass over."""

    dependencies = [("reviews", "0028_database_time")]

    operations = [
        migrations.RemoveIndex(model_name="decision", name="decision_newest"),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(
                fields=["-decided_at", "-decision_id"],
                include=("decision", "recommendation", "review_seconds", "action_taken"),
                name="decision_newest",
            ),
        ),
        BoundSQL(REVIEW_TIME, AS_BEFORE),
        migrations.AddIndex(
            model_name="apv",
            index=GinIndex(Trigrams("apv_code", "cve_id", "package_name"), name="apv_name_search"),
        ),
        migrations.RunSQL(NO_STATISTICS, migrations.RunSQL.noop),
    ]
