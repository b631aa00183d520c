// Cases of "this file gives these messages", which stand in text files:
//   === title
//   --- p.yaml          the pipeline, or any other file by its name ({{FC}} stands for that byte);
//                       o.yaml is an overlay
//   --- set             a --set option, if any
//   --- message         everything that is printed
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/config/pipeline.h"

namespace rare::engine {

struct MessageCase {
  std::string title;
  std::vector<std::pair<std::string, std::string>> files;  // name, text
  std::vector<std::string> settings;
  std::string message;

  // Writes the files into the working directory, and what to load.
  LoadOptions prepare() const;
};

// `file` relative to the top of the sources.
std::vector<MessageCase> read_message_cases(const std::string& file);

}  // namespace rare::engine
