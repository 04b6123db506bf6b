#!/bin/bash
# What of the official image's entry point the compose file relies on: a first start makes the cluster with the password of
# POSTGRES_PASSWORD_FILE and the flags of POSTGRES_INITDB_ARGS, and lets everybody in who has a password.
set -euo pipefail
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  # shellcheck disable=SC2086
  initdb -U postgres --pwfile="$POSTGRES_PASSWORD_FILE" $POSTGRES_INITDB_ARGS -D "$PGDATA" >/dev/null
  printf "\nhost all all all scram-sha-256\n" >>"$PGDATA/pg_hba.conf"
  echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
fi
exec "$@"
