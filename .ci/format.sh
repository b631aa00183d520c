#!/bin/sh
# Every C++ file is as clang-format would write it.
cd "$(dirname "$0")/.." || exit 1
find sdk engine plugins tests -name '*.cc' -o -name '*.h' | sort | xargs clang-format --dry-run -Werror
