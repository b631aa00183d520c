// A parameter as JSON Schema (draft 07): what may stand for it in a pipeline file.
#pragma once

#include "rare/json.h"
#include "rare/spec.h"

namespace rare::engine {

// With type, range, choices, default and documentation. `${VAR}` is taken wherever a single value
// is.
Json schema_of_parameter(const ParamSpec& param);

// A text that holds `${...}`: what it will be is known when the pipeline is loaded.
Json schema_of_variable();
// `schema`, or a text that holds `${...}`, or nothing at all.
Json variable_or(Json schema);
// Any single value: a plain number or boolean is a text where a text is wanted.
Json schema_of_text();

}  // namespace rare::engine
