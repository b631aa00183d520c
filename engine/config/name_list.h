// Lists of names: what error messages, plans and checks do with them.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

namespace rare::engine {

inline bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// "a, b, c" of any range of strings; `none` when there are none.
template <class Names>
std::string joined(const Names& names, const char* none = "") {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? none : text;
}

}  // namespace rare::engine
