// The YAML at the beginning of a Markdown file.
#pragma once

#include <cstddef>
#include <string_view>

#include "rare/json.h"

namespace rare::files {

struct FrontMatter {
  Json fields = Json::object();
  std::size_t bytes = 0;  // both lines `---` included; 0: there is none
};

// What stands there and is no map in YAML, is longer than `file_start` or more than 10,000 values
// (aliases multiply) is text and no front matter. Scalars without quotes that JSON would read as a
// number, true, false or null are such; others are text. The closing line needs no line break where
// `is_whole_file`.
FrontMatter read_front_matter(std::string_view file_start, bool is_whole_file);

}  // namespace rare::files
