#!/bin/sh
# reference_pages.sh ENGINE [--check]: writes the pages under docs/reference that are generated from what
# the installed components declare; with --check only compares, and fails when a page is stale.
set -eu
engine=$1
page=$(dirname "$0")/../docs/reference/operators.md
fresh=$(mktemp)
trap 'rm -f "$fresh"' EXIT
"$engine" operators --format markdown > "$fresh"
if [ "${2:-}" = --check ]; then
  diff -u "$page" "$fresh" || { echo "docs/reference/operators.md is stale: run ./dev docs" >&2; exit 1; }
else
  mkdir -p "$(dirname "$page")"
  cat "$fresh" > "$page"
  echo "wrote docs/reference/operators.md"
fi
