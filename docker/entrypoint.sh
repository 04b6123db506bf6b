#!/bin/sh
# Each file in /run/secrets becomes the variable of its name, so that no secret stands in a compose file, an image or
# `docker inspect`. A variable that is set already wins.
set -eu
for file in /run/secrets/*; do
  name=${file##*/}
  case $name in *[!A-Z0-9_]*) continue ;; esac
  [ -n "$(printenv "$name" || true)" ] || export "$name=$(cat "$file")"
done
exec "$@"
