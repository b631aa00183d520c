// One JSON Schema (draft 07) for pipeline files: the engine's keys, and every installed component
// with its parameters. For editors; `validate` knows more (names that refer to each other, cycles,
// files, variables).
#pragma once

#include "engine/plugin/registry.h"
#include "rare/json.h"

namespace rare::engine {

// Of a pipeline file: with `extends` it may leave out what the other file has, without it is whole.
// `of_overlay`: of a file for -f, which may always leave out.
Json pipeline_schema(const Registry& registry, bool of_overlay = false);

}  // namespace rare::engine
