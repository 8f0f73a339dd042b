from django.db import migrations, models

from realtime.migration_sql import BoundSQL

OUTCOMES = {
    "approve": "approved",
    "reject": "rejected",
    "modify": "changes_requested",
    "escalate": "escalated",
    "dismiss": "dismissed",
}
"""As reviews.decision_kinds has them; a test compares both."""
IS_IN_FORCE = (
    "apv.revision = decision.revision AND ("
    + " OR ".join(
        f"(decision.decision = '{kind}' AND apv.status = '{status}')"
        for kind, status in OUTCOMES.items()
    )
    + ")"
)
SUPERSEDE = f"""
CREATE FUNCTION {{schema}}.reviews_supersede_effects() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    UPDATE {{schema}}.reviews_effect AS effect SET superseded = true
    FROM {{schema}}.reviews_decision AS decision, (SELECT NEW.*) AS apv
    WHERE effect.decision_id = decision.decision_id AND decision.apv_id = apv.apv_id
        AND NOT effect.superseded AND NOT ({IS_IN_FORCE});
    RETURN NULL;
END
$$;
CREATE TRIGGER supersede_effects AFTER UPDATE OF status, revision ON {{schema}}.reviews_apv
    FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status OR OLD.revision IS DISTINCT FROM NEW.revision)
    EXECUTE FUNCTION {{schema}}.reviews_supersede_effects();

CREATE FUNCTION {{schema}}.reviews_effect_stays_superseded() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    NEW.superseded := true;
    RETURN NEW;
END
$$;
CREATE TRIGGER effect_stays_superseded BEFORE UPDATE ON {{schema}}.reviews_effect
    FOR EACH ROW WHEN (OLD.superseded AND NOT NEW.superseded)
    EXECUTE FUNCTION {{schema}}.reviews_effect_stays_superseded();

UPDATE {{schema}}.reviews_effect AS effect SET superseded = true
FROM {{schema}}.reviews_decision AS decision, {{schema}}.reviews_apv AS apv
WHERE effect.decision_id = decision.decision_id AND decision.apv_id = apv.apv_id
    AND NOT ({IS_IN_FORCE});
"""
LEAVE = """
DROP TRIGGER supersede_effects ON {schema}.reviews_apv;
DROP FUNCTION {schema}.reviews_supersede_effects();
DROP TRIGGER effect_stays_superseded ON {schema}.reviews_effect;
DROP FUNCTION {schema}.reviews_effect_stays_superseded();
"""


class Migration(migrations.Migration):
    """Effects know whether their APV became something else, so that an index finds the others."""

    dependencies = [("reviews", "0009_rules_of_effects")]

    operations = [
        migrations.AddField(
            model_name="effect",
            name="superseded",
            field=models.BooleanField(
                db_default=False,
                default=False,
                help_text="Whether its APV became something else since.",
                verbose_name="superseded",
            ),
        ),
        BoundSQL(SUPERSEDE, LEAVE),
    ]
