#!/bin/sh
# Shows how far the training is, every 2 seconds, until it ends; then its result.
. "$(dirname "$0")/common.sh"
while temporal workflow describe --workflow-id train-and-deploy -o json | grep -q '"status": *"WORKFLOW_EXECUTION_STATUS_RUNNING"'; do
  temporal workflow query --workflow-id train-and-deploy --type progress || true
  sleep 2
done
temporal workflow result --workflow-id train-and-deploy
