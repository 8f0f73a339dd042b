from django.db import migrations

from realtime.migration_sql import BoundSQL

# Indexes use these, so PostgreSQL runs them as the owner. The names in a body that is not a string
# are looked up once, here.
CREATE = """
CREATE FUNCTION {schema}.reviews_time_bucket(seconds double precision) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN floor(ln(1 + seconds) * 50)::integer;

CREATE FUNCTION {schema}.reviews_trigrams(VARIADIC texts text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 1000 RETURN ARRAY(
        SELECT a || b || c
        FROM
            (SELECT upper(array_to_string(texts, chr(10))) AS text) AS whole,
            unnest(
                string_to_array(text, NULL),
                string_to_array(substr(text, 2), NULL),
                string_to_array(substr(text, 3), NULL)
            ) AS part (a, b, c)
        WHERE c IS NOT NULL
    );
"""
DROP = """
DROP FUNCTION {schema}.reviews_time_bucket(double precision);
DROP FUNCTION {schema}.reviews_trigrams(text[]);
"""


class Migration(migrations.Migration):
    """Functions that the indexes of the tables use."""

    initial = True
    dependencies: list[tuple[str, str]] = []

    operations = [BoundSQL(CREATE, DROP)]
