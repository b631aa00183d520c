// ${VAR} and ${VAR:default} in the leaf values of a pipeline.
#pragma once

#include "engine/config/config_value.h"
#include "engine/config/diagnostics.h"

namespace rare::engine {

// Replaces ${NAME} by the environment variable and ${NAME:default} by it or else the default (which
// may be empty), in every scalar of `value`; plain scalars get their type from the result. $${
// stands for ${ itself. A variable that is not set is an error that names it.
void substitute_variables(ConfigValue& value, Diagnostics& diagnostics);

}  // namespace rare::engine
