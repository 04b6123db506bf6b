# Sourced by the scripts beside it: where the server is, and the temporal CLI.
# These are for the `temporal` CLI, the successor of tctl (archived, out of support): same workflow types, same JSON.
set -eu
address=${TEMPORAL_ADDRESS:-127.0.0.1:7233}
namespace=${TEMPORAL_NAMESPACE:-default}
queue=${PIPELINE_TASK_QUEUE:-etiquette-pipeline}
tools=$(cd "$(dirname "$0")/../.." && pwd)/cli/setup/tools.mjs
cli=$(node -e 'import(process.argv[1]).then((tools) => console.log(tools.temporalCli() ?? ""))' "$tools")
if [ -z "$cli" ]; then
  echo 'No temporal CLI found: run "npm run setup" first.' >&2
  exit 1
fi
temporal() { "$cli" "$@" --address "$address" --namespace "$namespace"; }
