#!/bin/sh
# Brings Temporal's two databases to the schema of this release of the server: at the first start and after an upgrade.
set -eu
SQL_PLUGIN=postgres12 SQL_HOST=postgres SQL_PORT=5432 SQL_USER=temporal
export SQL_PLUGIN SQL_HOST SQL_PORT SQL_USER
for pair in temporal:temporal temporal_visibility:visibility; do
  SQL_DATABASE=${pair%:*}
  export SQL_DATABASE
  # A database that has one keeps it.
  temporal-sql-tool setup-schema -v 0.0
  temporal-sql-tool update-schema --schema-name "postgresql/v12/${pair#*:}"
done
