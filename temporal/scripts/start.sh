#!/bin/sh
# Starts a training. Usage: start.sh ['{"catalogue":"/data/rakuten","seed":7}']
. "$(dirname "$0")/common.sh"
temporal workflow start --type trainAndDeploy --workflow-id train-and-deploy --task-queue "$queue" --input "${1:-{\}}"
