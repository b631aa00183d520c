// The page that shows a run while it goes on, built from ui/.
#pragma once

#include <string_view>

namespace rare::engine {

// One HTML file with its script and style inside it, gzip-compressed as it is sent
// (Content-Encoding: gzip). It asks for nothing but the paths below api/ of who serves it. Lives as
// long as the program.
std::string_view live_page();

}  // namespace rare::engine
