from django.db import migrations

from realtime.migration_sql import BoundSQL

# Without them the planner takes any part of a text for rare, and sorts all APVs that have it
# instead of reading those of one page in order. It does not use the statistics of these indexes.
CREATE = """
CREATE STATISTICS {schema}.reviews_apv_paths
    ON ({schema}.reviews_trigrams(VARIADIC paths)) FROM {schema}.reviews_apv;
CREATE STATISTICS {schema}.reviews_apv_texts
    ON ({schema}.reviews_trigrams(VARIADIC ARRAY[
        apv_code::text, cve_id::text, package_name::text, cve_title::text, cve_description
    ])) FROM {schema}.reviews_apv;
ALTER INDEX {schema}.apv_queue_paths ALTER COLUMN 1 SET STATISTICS 0;
"""
DROP = """
DROP STATISTICS {schema}.reviews_apv_paths;
DROP STATISTICS {schema}.reviews_apv_texts;
ALTER INDEX {schema}.apv_queue_paths ALTER COLUMN 1 SET STATISTICS -1;
"""


class Migration(migrations.Migration):
    """What ANALYZE counts of the trigrams of APVs."""

    dependencies = [("reviews", "0018_folds")]

    operations = [BoundSQL(CREATE, DROP)]
