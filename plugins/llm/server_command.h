// The command line that starts a server of the user's: split into words as a shell does, with
// places that each start fills in.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rare/status.h"

namespace rare::llm {

// The words of `command`: of a single text those that a shell would make of it, quotes and
// variables of the environment included, but no pipes, lists or other commands inside it; of a list
// of several texts these. Places in braces stay. The message of an error begins with what is wrong.
Result<std::vector<std::string>> command_words(const std::vector<std::string>& command);

// `text` with each "{name}" replaced by the value under `name`.
std::string filled(std::string text, const std::map<std::string, std::string>& values);

}  // namespace rare::llm
