// Reads one section out of an ELF file on disk, without loading the file: code in it (static
// initialisers included) cannot run before it has been checked.
#pragma once

#include <string>
#include <string_view>

#include "rare/status.h"

namespace rare::engine {

// The bytes of the section named `section` of the shared library `file`. Errors, each one line that
// says what is wrong with the file and what to do, without the file's name:
//   invalid_data      not a shared library, another architecture, truncated
//   not_found         a sound shared library without such a section
//   permission_denied the file cannot be read
// Every offset and size in the file is checked against its length.
Result<std::string> read_elf_section(const std::string& file, std::string_view section);

}  // namespace rare::engine
