import re

from django.db import migrations

# Both run with the rights of their owner: who writes entries needs none on the head.
DEFINERS = """
CREATE OR REPLACE FUNCTION {schema}.reviews_audit_lock_head(OUT last bigint, OUT last_mac text)
    LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    SELECT head.sequence, head.mac::text INTO STRICT last, last_mac
        FROM {schema}.reviews_audithead AS head FOR UPDATE;
END
$$;
CREATE OR REPLACE FUNCTION {schema}.reviews_audit_move_head() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    UPDATE {schema}.reviews_audithead AS head SET sequence = NEW.sequence, mac = NEW.mac
        WHERE head.sequence::bigint = NEW.sequence::bigint - 1::bigint
            AND head.mac::text = NEW.previous::text;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'This entry does not follow the last one of the audit.'
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;
"""

# Indexes use these, so that PostgreSQL runs them as the owner. Names in a body that is no string
# are looked up once, here.
PARSED_ONCE = """
CREATE OR REPLACE FUNCTION {schema}.reviews_time_bucket(seconds double precision) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN floor(ln(1 + seconds) * 50)::integer;

CREATE OR REPLACE FUNCTION {schema}.reviews_trigrams(VARIADIC texts text[]) RETURNS text[]
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

OURS = """
SELECT pg_get_functiondef(pg_proc.oid), pg_proc.oid::regprocedure::text
FROM pg_proc JOIN pg_language ON pg_language.oid = prolang
WHERE pronamespace = %s::text::regnamespace AND lanname = 'plpgsql' AND proname LIKE 'reviews\\_%%'
"""
UNQUALIFIED = re.compile(r"(?<![.'\w\"])reviews_\w+")


def bind_names(apps, schema_editor):
    """Let no function of ours find what somebody else has put into the schema.

    Where others may create in it, an operator of theirs that fits better than PostgreSQL's own
    would run with the rights of whoever runs our function: see "Writing SECURITY DEFINER Functions
    Safely" in PostgreSQL's documentation.
    """
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT current_schema, current_setting('search_path')")
        name, path = cursor.fetchone()
        schema = schema_editor.quote_name(name)
        cursor.execute("SET LOCAL search_path = pg_catalog")
        cursor.execute((DEFINERS + PARSED_ONCE).replace("{schema}", schema))
        cursor.execute(OURS, [schema])
        for definition, function in cursor.fetchall():
            cursor.execute(UNQUALIFIED.sub(lambda found: f"{schema}.{found[0]}", definition))
            cursor.execute(f"ALTER FUNCTION {function} SET search_path = pg_catalog")
        cursor.execute("SELECT set_config('search_path', %s, true)", [path])


class Migration(migrations.Migration):
    dependencies = [("reviews", "0007_search")]

    operations = [migrations.RunPython(bind_names, migrations.RunPython.noop)]
