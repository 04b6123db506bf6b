#!/bin/bash
# End to end through the compose file: everything starts, a first model is trained, deployed and asked; another is trained
# with three API replicas and taken back; replicas are restarted one by one while requests go on. Docker with its compose
# plugin, or DOCKER_HOST=unix://... of `podman system service`: that has no timer, so this asks for health itself.
set -euo pipefail
cd "$(dirname "$0")/../.."
api=http://127.0.0.1:${API_PORT:-8000}
compose() { docker compose "$@"; }
step() { echo "$(date +%T) $*"; }

if command -v podman >/dev/null && [[ ${DOCKER_HOST:-} == unix://*podman* ]]; then
  (while sleep 3; do
    for id in $(podman ps -q --filter label=com.docker.compose.project=etiquette); do
      podman healthcheck run "$id" >/dev/null 2>&1 || true
    done
  done) &
  trap "kill $! 2>/dev/null || true" EXIT
fi

step "everything starts"
compose up -d ${UP_FLAGS:-} >/dev/null 2>&1
for _ in $(seq 240); do
  [ "$(compose ps -a first-model --format '{{.State}}')" = exited ] && break
  sleep 5
done
compose logs first-model --no-log-prefix | tail -n 2

step "a token, and a prediction through the proxy"
password=$(compose run --rm -T secrets show TEST_USER_PASSWORD 2>/dev/null | tr -d '\r')
token() { printf %s "$password" | curl -sf "$api/token" -d username=data_engineer --data-urlencode password@- | sed 's/.*"access_token":"\([^"]*\)".*/\1/'; }
token=$(token)
ask() { curl -s -o /tmp/answer.json -w '%{http_code}' -m 30 "$api/predict" -H "Authorization: Bearer $token" -H 'Content-Type: application/json' \
  -d '{"designation":"Piscine ronde","description":"Piscine gonflable pour enfants"}'; }
[ "$(ask)" = 200 ] && cat /tmp/answer.json && echo

step "three replicas"
compose up -d ${UP_FLAGS:-} --no-recreate --scale api=3 >/dev/null 2>&1
step "another training, deployed in each of them"
compose run --rm -T cli train --catalogue /var/lib/etiquette/catalogues/sample --seed 7 --wait --json 2>/dev/null | tail -n 1 || true
compose run --rm -T cli models 2>/dev/null | tail -n 8
step "the champion before"
compose run --rm -T cli rollback 2>/dev/null | tail -n 2

step "a rolling restart under load"
(failed=0 sent=0
  while [ ! -e /tmp/restarted ]; do
    code=$(ask) || code=000
    sent=$((sent + 1))
    [ "$code" = 200 ] || { failed=$((failed + 1)); echo "  $code"; }
  done
  echo "$sent requests, $failed failed") &
load=$!
for id in $(compose ps -q api); do
  docker restart --time 60 "$id" >/dev/null
  for _ in $(seq 60); do docker exec "$id" node docker/healthy.mjs http://127.0.0.1:8000/v2/health/ready && break || sleep 1; done
done
touch /tmp/restarted
wait "$load"
rm -f /tmp/restarted /tmp/answer.json
step "done"
