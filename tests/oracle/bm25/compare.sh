#!/usr/bin/env bash
# Compares the plugin bm25 with the Lucene of this machine.
#
#   compare.sh TEST_PROGRAM FIXTURES WORK_FOLDER
#
# 1. Lucene writes the fixtures again: they must be the checked-in ones, byte by byte.
# 2. Lucene writes a set that is too large to check in, and the test program reads that one.
# Exit code 77: there is no Java or no Lucene here.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
program=$1
fixtures=$2
work=$3
rm -rf "$work"
mkdir -p "$work"

"$here/regenerate.sh" "$work/small"
for file in "$work"/small/*; do
  cmp "$file" "$fixtures/$(basename "$file")"
done

dictionary=/usr/share/dict/words
[ -e "$dictionary" ] || dictionary=
"$here/regenerate.sh" "$work/large" large $dictionary
cp --no-clobber "$fixtures"/* "$work/large/"  # what an older Lucene cannot say
RARE_BM25_FIXTURES=$work/large "$program"
