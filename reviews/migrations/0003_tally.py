from django.db import migrations, models

SLOTS = 8

OF_DECISIONS = """
    SELECT 'decided:' || decision || ':' || recommendation AS key, 1 AS count FROM {added}
    UNION ALL
    SELECT 'decided_on:' || to_char(decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ':' || decision, 1
    FROM {added}
    UNION ALL
    SELECT 'review_time:' || reviews_time_bucket(review_seconds), 1 FROM {added}
    UNION ALL
    SELECT 'review_microseconds', round(review_seconds * 1000000)::bigint FROM {added}
"""
OF_APVS = "SELECT 'status:' || status || ':' || severity AS key, {sign}1 AS count FROM {rows}"
ADDED = OF_APVS.format(sign="", rows="added")
REMOVED = OF_APVS.format(sign="-", rows="removed")


def add(changes):
    """The statement that adds `changes`, rows of a key and a count, to the counters.

    In the order of the keys, so that two statements never wait for each other.
    """
    return f"""
        INSERT INTO reviews_tally (key, slot, count)
        SELECT key, mod(pg_backend_pid(), {SLOTS}), sum(count) FROM ({changes}) AS changes
        GROUP BY key HAVING sum(count) <> 0 ORDER BY key
        ON CONFLICT (key, slot) DO UPDATE SET count = reviews_tally.count + EXCLUDED.count;
    """


KEEP = f"""
CREATE FUNCTION reviews_time_bucket(seconds double precision) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT floor(ln(1 + seconds) * 50)::integer $$;

CREATE INDEX decision_review_time
    ON reviews_decision (reviews_time_bucket(review_seconds), review_seconds);

CREATE FUNCTION reviews_tally_decisions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    {add(OF_DECISIONS.format(added="added"))}
    RETURN NULL;
END
$$;
CREATE TRIGGER tally_added AFTER INSERT ON reviews_decision
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION reviews_tally_decisions();

CREATE FUNCTION reviews_tally_apvs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN {add(ADDED)}
    ELSIF TG_OP = 'DELETE' THEN {add(REMOVED)}
    ELSE {add(f"{ADDED} UNION ALL {REMOVED}")}
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER tally_added AFTER INSERT ON reviews_apv REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION reviews_tally_apvs();
CREATE TRIGGER tally_changed AFTER UPDATE ON reviews_apv
    REFERENCING NEW TABLE AS added OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION reviews_tally_apvs();
CREATE TRIGGER tally_removed AFTER DELETE ON reviews_apv REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION reviews_tally_apvs();

CREATE FUNCTION reviews_tally_forget() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM reviews_tally WHERE (key LIKE 'status:%') = (TG_TABLE_NAME = 'reviews_apv');
    RETURN NULL;
END
$$;
CREATE TRIGGER tally_emptied AFTER TRUNCATE ON reviews_decision
    FOR EACH STATEMENT EXECUTE FUNCTION reviews_tally_forget();
CREATE TRIGGER tally_emptied AFTER TRUNCATE ON reviews_apv
    FOR EACH STATEMENT EXECUTE FUNCTION reviews_tally_forget();

{add(OF_DECISIONS.format(added="reviews_decision"))}
{add(OF_APVS.format(sign="", rows="reviews_apv"))}
"""
STOP = """
DROP TRIGGER tally_added ON reviews_decision;
DROP TRIGGER tally_emptied ON reviews_decision;
DROP TRIGGER tally_added ON reviews_apv;
DROP TRIGGER tally_changed ON reviews_apv;
DROP TRIGGER tally_removed ON reviews_apv;
DROP TRIGGER tally_emptied ON reviews_apv;
DROP FUNCTION reviews_tally_decisions();
DROP FUNCTION reviews_tally_apvs();
DROP FUNCTION reviews_tally_forget();
DROP INDEX decision_review_time;
DROP FUNCTION reviews_time_bucket(double precision);
"""


class Migration(migrations.Migration):
    dependencies = [("reviews", "0002_rules")]

    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "key", "slot", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("key", models.CharField(max_length=100)),
                ("slot", models.SmallIntegerField()),
                ("count", models.BigIntegerField()),
            ],
            options={"verbose_name": "counter", "verbose_name_plural": "counters"},
        ),
        migrations.RunSQL(KEEP, STOP),
    ]
