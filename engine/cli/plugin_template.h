// What a new plugin begins with: the files of sdk/template, built in.
#pragma once

#include <span>
#include <string_view>

namespace rare::engine::cli {

struct TemplateFile {
  std::string_view kind;  // of plugin; "project": of each
  std::string_view path;  // from the project's folder
  std::string_view text;
};

// Wherever `my_plugin` stands, in a path or a text, the plugin's name is meant.
std::span<const TemplateFile> template_files();

}  // namespace rare::engine::cli
