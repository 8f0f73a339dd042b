#!/bin/sh
# Grant the service's role what it needs, after each migration.
set -eu
PGPASSWORD=$(cat /secrets/owner)
export PGPASSWORD
exec psql --set ON_ERROR_STOP=1 --quiet --host database --username hitl_owner --dbname hitl --file /grants.sql
