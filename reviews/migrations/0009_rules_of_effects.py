from django.db import migrations

from realtime.migration_sql import BoundSQL

SLOTS = 8
FIRST = ("held", "queued", "external")
FOLLOWING = {
    "held": ("cancelled", "queued", "refused"),
    "queued": ("cancelled", "refused", "running"),
    "running": ("done", "failed", "queued", "refused", "waiting"),
    "waiting": ("cancelled", "refused", "running"),
    "refused": ("cancelled", "queued"),
    "failed": ("cancelled", "queued"),
    "external": ("cancelled", "done", "failed"),
}
"""As reviews.effects.states has them; a test compares both."""


def words(values):
    return ", ".join(f"'{value}'" for value in values)


ALLOWED = " OR ".join(
    f"(OLD.state = '{state}' AND NEW.state IN ({words(following)}))"
    for state, following in FOLLOWING.items()
)
KEEP_EFFECTS = f"""
CREATE FUNCTION {{schema}}.reviews_effect_moves() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'An effect is never deleted.'
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    ELSIF TG_OP = 'INSERT' THEN
        IF NEW.state NOT IN ({words(FIRST)}) THEN
            RAISE EXCEPTION 'An effect cannot begin as %.', NEW.state
                USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
        END IF;
    ELSIF (NEW.id, NEW.decision_id, NEW.kind, NEW.head_commit)
            IS DISTINCT FROM (OLD.id, OLD.decision_id, OLD.kind, OLD.head_commit) THEN
        RAISE EXCEPTION 'What an effect is to do is never edited.'
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    ELSIF OLD.state = 'done'
            AND (NEW.answer, NEW.merged_commit, NEW.outcome_url, NEW.attempts, NEW.done_at)
            IS DISTINCT FROM
            (OLD.answer, OLD.merged_commit, OLD.outcome_url, OLD.attempts, OLD.done_at) THEN
        RAISE EXCEPTION 'What came of an effect is never edited.'
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    ELSIF NEW.state <> OLD.state AND NOT ({ALLOWED}) THEN
        RAISE EXCEPTION 'An effect that is % cannot become %.', OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER effect_moves BEFORE INSERT OR UPDATE OR DELETE ON {{schema}}.reviews_effect
    FOR EACH ROW EXECUTE FUNCTION {{schema}}.reviews_effect_moves();
"""
FREE_EFFECTS = """
DROP TRIGGER effect_moves ON {schema}.reviews_effect;
DROP FUNCTION {schema}.reviews_effect_moves();
"""

KEEP_RETRACTIONS = """
CREATE FUNCTION {schema}.reviews_retraction_is_final() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'A retraction is never edited or deleted.'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER retraction_is_final BEFORE UPDATE OR DELETE ON {schema}.reviews_retraction
    FOR EACH ROW EXECUTE FUNCTION {schema}.reviews_retraction_is_final();
"""
FREE_RETRACTIONS = """
DROP TRIGGER retraction_is_final ON {schema}.reviews_retraction;
DROP FUNCTION {schema}.reviews_retraction_is_final();
"""

TAKEN_BACK = """
    SELECT 'decided:' || decision || ':' || coalesce(recommendation, 'none') AS key, -1 AS count
    FROM gone
    UNION ALL
    SELECT 'retracted:' || decision || ':' || coalesce(recommendation, 'none'), 1 FROM gone
    UNION ALL
    SELECT 'decided_on:' || to_char(decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ':' || decision,
        -1
    FROM gone
    UNION ALL
    SELECT 'review_time:' || {schema}.reviews_time_bucket(review_seconds), -1 FROM gone
    UNION ALL
    SELECT 'review_microseconds', -round(review_seconds * 1000000)::bigint FROM gone
"""
COUNT_RETRACTIONS = f"""
CREATE FUNCTION {{schema}}.reviews_tally_retractions() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    WITH gone AS (
        SELECT decision.* FROM {{schema}}.reviews_decision AS decision
        JOIN added ON added.decision_id = decision.decision_id
    )
    INSERT INTO {{schema}}.reviews_tally (key, slot, count)
    SELECT key, mod(pg_backend_pid(), {SLOTS}), sum(count) FROM ({TAKEN_BACK}) AS changes
    GROUP BY key HAVING sum(count) <> 0 ORDER BY key
    ON CONFLICT (key, slot)
        DO UPDATE SET count = {{schema}}.reviews_tally.count + EXCLUDED.count;
    RETURN NULL;
END
$$;
CREATE TRIGGER tally_added AFTER INSERT ON {{schema}}.reviews_retraction
    REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION {{schema}}.reviews_tally_retractions();
"""
STOP_COUNTING = """
DROP TRIGGER tally_added ON {schema}.reviews_retraction;
DROP FUNCTION {schema}.reviews_tally_retractions();
"""


def allow_pipelines_to_report(apps, schema_editor):
    """Give the permission `report_outcome` to the group `pipelines`, if it still exists."""
    content = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="reviews", model="apv"
    )[0]
    permission = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content,
        codename="report_outcome",
        defaults={"name": "Can report what became of a decision"},
    )[0]
    for group in apps.get_model("auth", "Group").objects.filter(name="pipelines"):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    """Effects move as their table says, retractions are final and uncount decisions."""

    dependencies = [
        ("reviews", "0008_effects"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        BoundSQL(KEEP_EFFECTS, FREE_EFFECTS),
        BoundSQL(KEEP_RETRACTIONS, FREE_RETRACTIONS),
        BoundSQL(COUNT_RETRACTIONS, STOP_COUNTING),
        migrations.RunPython(allow_pipelines_to_report, migrations.RunPython.noop),
    ]
