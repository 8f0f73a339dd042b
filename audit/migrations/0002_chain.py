from django.db import migrations

from realtime.migration_sql import BoundSQL

REFUSE_CHANGES = """
INSERT INTO {schema}.audit_head (id, sequence, mac) VALUES (1, 0, repeat('0', 64));

CREATE FUNCTION {schema}.audit_is_final() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'The audit only grows: nothing in it is edited or deleted.'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;
CREATE TRIGGER audit_entry_is_final BEFORE UPDATE OR DELETE ON {schema}.audit_entry
    FOR EACH ROW EXECUTE FUNCTION {schema}.audit_is_final();
CREATE TRIGGER audit_is_never_emptied BEFORE TRUNCATE ON {schema}.audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.audit_is_final();
CREATE TRIGGER audit_head_is_never_gone BEFORE DELETE OR TRUNCATE ON {schema}.audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION {schema}.audit_is_final();
CREATE TRIGGER audit_head_moves_by_one BEFORE UPDATE ON {schema}.audit_head
    FOR EACH ROW WHEN (NEW.sequence <> OLD.sequence + 1)
    EXECUTE FUNCTION {schema}.audit_is_final();

-- Both run with the rights of their owner: a role that writes entries needs none on the head.
CREATE FUNCTION {schema}.audit_lock_head(OUT last bigint, OUT last_mac text)
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    SELECT head.sequence, head.mac::text INTO STRICT last, last_mac
        FROM {schema}.audit_head AS head FOR UPDATE;
END
$$;
CREATE FUNCTION {schema}.audit_move_head() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    UPDATE {schema}.audit_head AS head SET sequence = NEW.sequence, mac = NEW.mac
        WHERE head.sequence::bigint = NEW.sequence::bigint - 1::bigint
            AND head.mac::text = NEW.previous::text;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'This entry does not follow the last one of the audit.'
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER audit_entry_moves_head BEFORE INSERT ON {schema}.audit_entry
    FOR EACH ROW EXECUTE FUNCTION {schema}.audit_move_head();
REVOKE EXECUTE ON FUNCTION {schema}.audit_lock_head() FROM PUBLIC;
"""
ALLOW_CHANGES = """
DROP TRIGGER audit_entry_is_final ON {schema}.audit_entry;
DROP TRIGGER audit_is_never_emptied ON {schema}.audit_entry;
DROP TRIGGER audit_entry_moves_head ON {schema}.audit_entry;
DROP TRIGGER audit_head_is_never_gone ON {schema}.audit_head;
DROP TRIGGER audit_head_moves_by_one ON {schema}.audit_head;
DROP FUNCTION {schema}.audit_lock_head(), {schema}.audit_move_head(), {schema}.audit_is_final();
DELETE FROM {schema}.audit_head;
"""


class Migration(migrations.Migration):
    """Triggers that refuse changes of the audit, and move its head."""

    dependencies = [("audit", "0001_initial")]

    operations = [BoundSQL(REFUSE_CHANGES, ALLOW_CHANGES)]
