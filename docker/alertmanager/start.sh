#!/bin/sh
# Alertmanager with the project's routes where a webhook is named, else with none.
set -eu
configuration=/etc/etiquette/silent.yml
if [ -s /run/secrets/webhook-url ]; then
  # The routes name the two files beside them.
  cp /etc/etiquette/alertmanager.yml /tmp/
  cp /run/secrets/webhook-url /tmp/webhook-url
  if [ -s /run/secrets/webhook-secret ]; then cp /run/secrets/webhook-secret /tmp/; else : >/tmp/webhook-secret; fi
  configuration=/tmp/alertmanager.yml
fi
exec /bin/alertmanager --config.file="$configuration" --storage.path=/alertmanager --cluster.listen-address= \
  --web.external-url=http://127.0.0.1:9093
