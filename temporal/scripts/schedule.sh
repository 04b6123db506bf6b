#!/bin/sh
# Shows, pauses, resumes and runs what goes by itself (docs/schedules.md) without Node.
# Usage: schedule.sh list
#        schedule.sh describe|resume|trigger retrain
#        schedule.sh pause retrain 'the catalogue moves'
. "$(dirname "$0")/common.sh"
name=${2:-retrain}
case ${1:-list} in
  list) temporal schedule list ;;
  describe) temporal schedule describe --schedule-id "$name" ;;
  pause) temporal schedule toggle --schedule-id "$name" --pause --reason "${3:-paused by hand}" ;;
  resume) temporal schedule toggle --schedule-id "$name" --unpause --reason "${3:-resumed by hand}" ;;
  trigger) temporal schedule trigger --schedule-id "$name" --overlap-policy BufferOne ;;
  *) sed -n '2,5p' "$0" >&2; exit 2 ;;
esac
