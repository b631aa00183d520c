#!/usr/bin/env bash
# Asks Lucene anew what the plugin bm25 should say: writes the fixtures of tests/plugins/bm25.
#
#   regenerate.sh OUT [large [DICTIONARY]]
#
# Lucene is Debian's liblucene8-java, or the jars (core and analysis-common) of RARE_LUCENE_CLASSPATH.
# Lucene 9 or later also writes what depends on Unicode 12.1 (README.md says which files);
# the checked-in fixtures were written by 10.6, and 8.8 writes the same for all other files.
# Exit code 77: there is no Java or no Lucene here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=${1:?usage: regenerate.sh OUT [large [DICTIONARY]]}
shift

classpath=${RARE_LUCENE_CLASSPATH:-}
if [ -z "$classpath" ]; then
  for part in core analyzers-common; do
    jar=$(find /usr/share/java -name "lucene-$part-8*.jar" 2>/dev/null | head -n 1)
    if [ -z "$jar" ]; then
      echo "no Lucene: install liblucene8-java, or name its jars in RARE_LUCENE_CLASSPATH" >&2
      exit 77
    fi
    classpath=$classpath${classpath:+:}$jar
  done
fi
java=${RARE_ORACLE_JAVA:-java}
if ! command -v "$java" >/dev/null || ! command -v "${java}c" >/dev/null; then
  echo "no Java: install default-jdk-headless (17 or later; Lucene 10 needs 21)" >&2
  exit 77
fi
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
"${java}c" -encoding UTF-8 -nowarn -cp "$classpath" -d "$classes" "$here"/*.java
"$java" -Dfile.encoding=UTF-8 -cp "$classpath:$classes" LuceneOracle "$here" "$out" "$@"
cp "$here/contexts.txt" "$out/"
