# Sourced by the scripts beside it: where the server is, and the temporal CLI.
# These are for the `temporal` CLI, the successor of tctl (archived, out of support): same workflow types, same JSON.
set -eu
address=${TEMPORAL_ADDRESS:-127.0.0.1:7233}
namespace=${TEMPORAL_NAMESPACE:-default}
queue=${PIPELINE_TASK_QUEUE:-etiquette-pipeline}
here=$(cd "$(dirname "$0")/../.." && pwd)
cli=$(command -v temporal || node "$here/cli/setup/tools.mjs" temporal) || {
  echo 'No temporal CLI found: run "npm run setup" first.' >&2
  exit 1
}
temporal() { "$cli" "$@" --address "$address" --namespace "$namespace"; }
