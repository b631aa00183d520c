// Names that the reference implementation of RARE and its framework use, and what the same thing is
// called here: help for those who move a pipeline over.
#pragma once

#include <string>
#include <string_view>

namespace rare::engine {

// "'api_url' of the reference is 'base_url' of the language-model service here", or empty when the
// name is none.
std::string reference_name_hint(std::string_view name);

}  // namespace rare::engine
