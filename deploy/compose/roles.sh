#!/bin/sh
# Make the database and its two roles, as docs/production.md has it; the image of PostgreSQL runs this once.
set -e

psql --set ON_ERROR_STOP=1 --quiet --username "$POSTGRES_USER" --dbname postgres \
  --set owner_password="$(cat /secrets/owner)" --set app_password="$(cat /secrets/app)" <<'SQL'
CREATE ROLE hitl_owner LOGIN PASSWORD :'owner_password';
CREATE ROLE hitl_app LOGIN PASSWORD :'app_password';
CREATE DATABASE hitl OWNER hitl_owner;
REVOKE ALL ON DATABASE hitl FROM PUBLIC;
GRANT CONNECT ON DATABASE hitl TO hitl_app;
\connect hitl
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT CREATE ON SCHEMA public TO hitl_owner;
SQL
