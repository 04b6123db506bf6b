#!/bin/sh
# Makes the namespace once the server answers. The pipeline worker registers the search attributes itself, at every start.
set -eu
tries=60
until temporal operator cluster health >/dev/null 2>&1; do
  tries=$((tries - 1))
  [ "$tries" -gt 0 ] || { echo "No Temporal server answers at $TEMPORAL_ADDRESS."; exit 1; }
  sleep 2
done
temporal operator namespace describe -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create -n "$TEMPORAL_NAMESPACE" --retention 720h
# The server's caches learn of it within seconds; a worker that asked before would give up.
until temporal operator search-attribute list -n "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; do sleep 1; done
