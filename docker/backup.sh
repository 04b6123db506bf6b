#!/bin/sh
# `sh docker/backup.sh FOLDER`: databases and volumes of the running compose project into FOLDER, while it serves. The
# folder holds every secret: keep it as such. `sh docker/restore.sh FOLDER` brings it back.
set -eu
cd "$(dirname "$0")/.."
folder=${1:?name the folder to write to}
project=${COMPOSE_PROJECT_NAME:-etiquette}
image=$(docker compose config --images postgres | head -n 1)
umask 077
mkdir -p "$folder"
for database in etiquette temporal temporal_visibility mlflow; do
  docker compose exec -T postgres pg_dump -U postgres -Fc "$database" >"$folder/$database.dump.part"
  mv "$folder/$database.dump.part" "$folder/$database.dump"
done
# After the databases: what they mention is in the volumes by then. Caches of stages come along, so that a run goes on.
for volume in secrets data s3; do
  docker run --rm --network none --read-only --cap-drop ALL --cap-add DAC_OVERRIDE -v "${project}_$volume:/from:ro" \
    --entrypoint tar "$image" -C /from -cf - . >"$folder/$volume.tar.part"
  mv "$folder/$volume.tar.part" "$folder/$volume.tar"
done
