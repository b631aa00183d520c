// A component's `with:` against its spec.
#pragma once

#include <string>
#include <vector>

#include "engine/config/config_value.h"
#include "engine/config/diagnostics.h"
#include "rare/json.h"
#include "rare/spec.h"

namespace rare::engine {

// What parameters may refer to.
struct BindingNames {
  std::vector<std::string> services;
  std::vector<std::string> nodes;
};

// Every parameter of `spec` with its value, or its default. Errors are reported after `prefix`
// ("node 'x': "); `where` is the node or service.
Json bind_parameters(const Spec& spec, const ConfigValue& with, const std::string& prefix,
                     const Location& where, const BindingNames& names, Diagnostics& diagnostics);

}  // namespace rare::engine
