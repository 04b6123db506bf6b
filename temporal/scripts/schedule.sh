#!/bin/sh
# Trains every week, or as a cron expression says; a run that is still going is not overlapped.
# Usage: schedule.sh ['0 3 * * 1' ['{"catalogue":"/data/rakuten"}']]
. "$(dirname "$0")/common.sh"
temporal schedule create --schedule-id train-weekly --cron "${1:-0 3 * * 1}" --overlap-policy Skip \
  --workflow-id train-and-deploy --type trainAndDeploy --task-queue "$queue" --input "${2:-{\}}"
