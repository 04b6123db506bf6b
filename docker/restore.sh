#!/bin/sh
# `sh docker/restore.sh FOLDER`: what docker/backup.sh wrote, into a compose project that has no volumes yet (a new machine,
# or after `docker compose down --volumes`). Then everything starts.
set -eu
cd "$(dirname "$0")/.."
folder=${1:?name the folder that docker/backup.sh wrote}
project=${COMPOSE_PROJECT_NAME:-etiquette}
image=$(docker compose config --images postgres | head -n 1)
for volume in secrets data s3; do
  if docker volume inspect "${project}_$volume" >/dev/null 2>&1; then
    echo "There is a volume ${project}_$volume: restoring would mix two installations. Remove it first: docker compose down --volumes" >&2
    exit 1
  fi
done
# Compose makes the volumes with its labels; the containers do not run yet.
docker compose create >/dev/null 2>&1
for volume in secrets data s3; do
  docker run -i --rm --network none --read-only --cap-drop ALL --cap-add CHOWN --cap-add DAC_OVERRIDE --cap-add FOWNER \
    -v "${project}_$volume:/to" --entrypoint tar "$image" -C /to --numeric-owner -xpf - <"$folder/$volume.tar"
done
docker compose up -d postgres-roles
docker compose wait postgres-roles >/dev/null
for database in etiquette temporal temporal_visibility mlflow; do
  docker compose exec -T postgres pg_restore -U postgres -d "$database" --clean --if-exists --exit-on-error <"$folder/$database.dump"
done
docker compose up -d
