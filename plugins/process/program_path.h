// Where a program is. Thread-safety: any thread, as long as nobody changes the environment.
#pragma once

#include <string>

namespace rare::process {

// The path of the program called `name` (a path, or a name on PATH), or an empty text.
std::string find_program(const std::string& name);
// Whether it is a file that may be executed.
bool is_program(const std::string& path);

}  // namespace rare::process
