#!/bin/sh
# `sh systemd/run.sh NAME`, in the project's folder: becomes that process.
set -eu
case ${1:-} in
  api) module=api/main.ts ;;
  auth) module=api/auth.ts ;;
  pipeline-worker) module=workers/pipeline.ts ;;
  training-worker) module=workers/training.ts ;;
  *)
    echo "Name one of: api, auth, pipeline-worker, training-worker." >&2
    exit 2
    ;;
esac
exec node --import tsx "$module"
