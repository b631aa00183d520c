#!/usr/bin/env bash
# Compares bm25.opensearch, over a real OpenSearch that is started for it, with bm25.index.
#
#   compare.sh PROGRAM FIXTURES WORK_FOLDER
#
# The Java (21 or newer) is RARE_OPENSEARCH_JAVA, the jars are those of the folder RARE_OPENSEARCH_JARS.
# Exit code 77: they are not to be had here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$1
fixtures=$2
work=$3
if [ -z "${RARE_OPENSEARCH_JAVA:-}" ] || [ -z "${RARE_OPENSEARCH_JARS:-}" ]; then
  echo "skipped: there is no Java of 21 or newer, or no Maven that has OpenSearch" >&2
  exit 77
fi
rm -rf "$work"
mkdir -p "$work"
coproc SERVER { exec "$RARE_OPENSEARCH_JAVA" -Xmx1g -Xms1g -cp "$RARE_OPENSEARCH_JARS/*" \
  "$here/OpenSearchServer.java" "$work/node" 2> "$work/server.log"; }
server=$SERVER_PID
input=${SERVER[1]}
output=${SERVER[0]}
end_server() {
  exec {input}>&- || true
  wait "$server" 2> /dev/null || true
}
trap end_server EXIT
port=
while read -r -t 300 word number <&"$output"; do
  if [ "$word" = port ]; then
    port=$number
    break
  fi
done
if [ -z "$port" ]; then
  tail -n 20 "$work/server.log" >&2
  echo "OpenSearch did not start; all that it said is in $work/server.log" >&2
  exit 1
fi
"$program" "http://127.0.0.1:$port" "$fixtures"
