from django.db import migrations

from realtime.migration_sql import BoundSQL

SLOTS = 8

OF_DECISIONS = """
    SELECT 'decided:' || decision || ':' || coalesce(recommendation, 'none') AS key, 1 AS count
    FROM added
    UNION ALL
    SELECT 'decided_on:' || to_char(decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ':' || decision, 1
    FROM added
    UNION ALL
    SELECT 'review_time:' || {schema}.reviews_time_bucket(review_seconds), 1 FROM added
    UNION ALL
    SELECT 'review_microseconds', round(review_seconds * 1000000)::bigint FROM added
"""
ADDED = "SELECT 'status:' || status || ':' || severity AS key, 1 AS count FROM added"
REMOVED = "SELECT 'status:' || status || ':' || severity AS key, -1 AS count FROM removed"


def add(changes):
    """Return the statement that adds `changes`, rows of a key and a count, to the counters.

    It adds them in the order of the keys, so that two statements never deadlock.
    """
    return f"""
        INSERT INTO {{schema}}.reviews_tally (key, slot, count)
        SELECT key, mod(pg_backend_pid(), {SLOTS}), sum(count) FROM ({changes}) AS changes
        GROUP BY key HAVING sum(count) <> 0 ORDER BY key
        ON CONFLICT (key, slot)
            DO UPDATE SET count = {{schema}}.reviews_tally.count + EXCLUDED.count;
    """


KEEP = f"""
CREATE INDEX decision_review_time ON {{schema}}.reviews_decision
    ({{schema}}.reviews_time_bucket(review_seconds), review_seconds);

CREATE FUNCTION {{schema}}.reviews_tally_decisions() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    {add(OF_DECISIONS)}
    RETURN NULL;
END
$$;
CREATE TRIGGER tally_added AFTER INSERT ON {{schema}}.reviews_decision
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.reviews_tally_decisions();

CREATE FUNCTION {{schema}}.reviews_tally_apvs() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN {add(ADDED)}
    ELSIF TG_OP = 'DELETE' THEN {add(REMOVED)}
    ELSE {add(f"{ADDED} UNION ALL {REMOVED}")}
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER tally_added AFTER INSERT ON {{schema}}.reviews_apv REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.reviews_tally_apvs();
CREATE TRIGGER tally_changed AFTER UPDATE ON {{schema}}.reviews_apv
    REFERENCING NEW TABLE AS added OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.reviews_tally_apvs();
CREATE TRIGGER tally_removed AFTER DELETE ON {{schema}}.reviews_apv
    REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.reviews_tally_apvs();

CREATE FUNCTION {{schema}}.reviews_tally_forget() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    DELETE FROM {{schema}}.reviews_tally
    WHERE (key LIKE 'status:%') = (TG_TABLE_NAME = 'reviews_apv');
    RETURN NULL;
END
$$;
CREATE TRIGGER tally_emptied AFTER TRUNCATE ON {{schema}}.reviews_decision
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.reviews_tally_forget();
CREATE TRIGGER tally_emptied AFTER TRUNCATE ON {{schema}}.reviews_apv
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.reviews_tally_forget();
"""
STOP = """
DROP TRIGGER tally_added ON {schema}.reviews_decision;
DROP TRIGGER tally_emptied ON {schema}.reviews_decision;
DROP TRIGGER tally_added ON {schema}.reviews_apv;
DROP TRIGGER tally_changed ON {schema}.reviews_apv;
DROP TRIGGER tally_removed ON {schema}.reviews_apv;
DROP TRIGGER tally_emptied ON {schema}.reviews_apv;
DROP FUNCTION {schema}.reviews_tally_decisions();
DROP FUNCTION {schema}.reviews_tally_apvs();
DROP FUNCTION {schema}.reviews_tally_forget();
DROP INDEX {schema}.decision_review_time;
"""


class Migration(migrations.Migration):
    """Counters that triggers keep; `reviews.tally` reads them."""

    dependencies = [("reviews", "0003_rules")]

    operations = [BoundSQL(KEEP, STOP)]
