// One parameter: what stands in the YAML file to the value that the component gets.
#pragma once

#include <optional>
#include <string>

#include "engine/config/config_value.h"
#include "engine/config/diagnostics.h"
#include "rare/spec.h"

namespace rare::engine {

// The value of `param`, checked for type, range and choices, paths resolved and files read; null
// when `value` is nothing. What is wrong is reported after `prefix` ("node 'x': "), and gives no
// value.
std::optional<Json> parameter_value(const ParamSpec& param, const ConfigValue& value,
                                    const std::string& prefix, Diagnostics& diagnostics);

// "a text", "an integer from 1 to 8 (seconds)", "'a', 'b' or 'c'": what a parameter takes.
std::string expected_value(const ParamSpec& param);

}  // namespace rare::engine
