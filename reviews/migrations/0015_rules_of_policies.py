from django.db import migrations

from realtime.migration_sql import BoundSQL

SLOTS = 8
AWAITING = "awaiting_approval"

REFUSE_CHANGES = """
CREATE FUNCTION {schema}.reviews_policy_version_is_kept() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'A version of a policy is never edited or deleted.'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER policy_version_is_kept BEFORE UPDATE OR DELETE ON {schema}.reviews_policyversion
    FOR EACH ROW EXECUTE FUNCTION {schema}.reviews_policy_version_is_kept();
"""
ALLOW_CHANGES = """
DROP TRIGGER policy_version_is_kept ON {schema}.reviews_policyversion;
DROP FUNCTION {schema}.reviews_policy_version_is_kept();
"""

APPROVE_ONCE = f"""
CREATE FUNCTION {{schema}}.reviews_approves_once() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF EXISTS (
        SELECT 1 FROM {{schema}}.reviews_decision AS earlier
        WHERE earlier.apv_id = NEW.apv_id AND earlier.revision = NEW.revision
            AND earlier.reviewer_id = NEW.reviewer_id AND earlier.action_taken = '{AWAITING}'
            AND NOT EXISTS (
                SELECT 1 FROM {{schema}}.reviews_retraction AS gone
                WHERE gone.decision_id = earlier.decision_id
            )
    ) THEN
        RAISE EXCEPTION 'A person approves a revision once.'
            USING ERRCODE = 'unique_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER approves_once BEFORE INSERT ON {{schema}}.reviews_decision
    FOR EACH ROW WHEN (NEW.decision = 'approve')
    EXECUTE FUNCTION {{schema}}.reviews_approves_once();
"""
APPROVE_AGAIN = """
DROP TRIGGER approves_once ON {schema}.reviews_decision;
DROP FUNCTION {schema}.reviews_approves_once();
"""


def add(changes):
    """Return the statement that adds `changes` to the counters, as in 0004_tally."""
    return f"""
        INSERT INTO {{schema}}.reviews_tally (key, slot, count)
        SELECT key, mod(pg_backend_pid(), {SLOTS}), sum(count) FROM ({changes}) AS changes
        GROUP BY key HAVING sum(count) <> 0 ORDER BY key
        ON CONFLICT (key, slot)
            DO UPDATE SET count = {{schema}}.reviews_tally.count + EXCLUDED.count;
    """


def changes(rows, sign, counted):
    """Return what the decisions in `rows` change of the counters; `counted` narrows them."""
    return f"""
        SELECT 'decided:' || decision || ':' || coalesce(recommendation, 'none') AS key,
            {sign}1 AS count
        FROM {rows} {counted}
        UNION ALL
        SELECT 'decided_on:' || to_char(decided_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') || ':'
            || decision, {sign}1
        FROM {rows} {counted}
        UNION ALL
        SELECT 'review_time:' || {{schema}}.reviews_time_bucket(review_seconds), {sign}1
        FROM {rows} {counted}
        UNION ALL
        SELECT 'review_microseconds', {sign}round(review_seconds * 1000000)::bigint
        FROM {rows} {counted}
    """


FINAL = f"WHERE action_taken <> '{AWAITING}'"
GONE = """
    SELECT decision.* FROM {schema}.reviews_decision AS decision
    JOIN added ON added.decision_id = decision.decision_id
"""


def count(counted, awaiting):
    """Return the functions of the triggers that count decisions and retractions."""
    retracted = f"""
        SELECT 'retracted:' || decision || ':' || coalesce(recommendation, 'none'), 1
        FROM gone {counted}
    """
    added = f"{changes('added', '', counted)} {awaiting}"
    taken_back = f"{changes('gone', '-', counted)} UNION ALL {retracted}"
    return f"""
CREATE OR REPLACE FUNCTION {{schema}}.reviews_tally_decisions() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    {add(added)}
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION {{schema}}.reviews_tally_retractions() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    WITH gone AS ({GONE})
    {add(taken_back)}
    RETURN NULL;
END
$$;
"""


COUNT_AWAITING = f"""
    UNION ALL SELECT 'awaiting:approve', 1 FROM added WHERE action_taken = '{AWAITING}'
"""


def allow_leads_to_manage(apps, schema_editor):
    """Give the permission `manage_policies` to the group `leads`, if it still exists."""
    content = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="reviews", model="policy"
    )[0]
    permission = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content,
        codename="manage_policies",
        defaults={"name": "Can manage policies"},
    )[0]
    for group in apps.get_model("auth", "Group").objects.filter(name="leads"):
        group.permissions.add(permission)


class Migration(migrations.Migration):
    """Versions of policies are final, a person approves once, and what waits counts as nothing."""

    dependencies = [
        ("reviews", "0014_policies"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        BoundSQL(REFUSE_CHANGES, ALLOW_CHANGES),
        BoundSQL(APPROVE_ONCE, APPROVE_AGAIN),
        BoundSQL(count(FINAL, COUNT_AWAITING), count("", "")),
        migrations.RunPython(allow_leads_to_manage, migrations.RunPython.noop),
    ]
