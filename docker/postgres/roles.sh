#!/bin/sh
# Users and databases of the three that share the server. It runs at every `up`, so that a changed password is set; it
# comes over the server's own socket, which asks for none.
set -eu
PGHOST=/var/run/postgresql PGUSER=postgres
export PGHOST PGUSER
psql -v ON_ERROR_STOP=1 -q -d postgres -f /etc/etiquette/roles.sql
# CREATE DATABASE knows no IF NOT EXISTS.
for pair in etiquette:etiquette temporal:temporal temporal_visibility:temporal mlflow:mlflow; do
  database=${pair%:*} owner=${pair#*:}
  found=$(psql -At -d postgres -c "SELECT 1 FROM pg_database WHERE datname = '$database'")
  [ "$found" = 1 ] || psql -v ON_ERROR_STOP=1 -q -d postgres -c "CREATE DATABASE $database OWNER $owner"
  psql -v ON_ERROR_STOP=1 -q -d postgres -c "REVOKE ALL ON DATABASE $database FROM PUBLIC"
done
