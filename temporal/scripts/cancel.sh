#!/bin/sh
# Cancels the training: the child process stops within seconds and its last checkpoint stays.
. "$(dirname "$0")/common.sh"
temporal workflow cancel --workflow-id train-and-deploy
