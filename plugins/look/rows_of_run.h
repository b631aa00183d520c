// What a report reads of a run besides its state: one output, as far as it is committed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/files/read_parameters.h"
#include "rare/json.h"
#include "rare/status.h"

namespace rare::look {

struct RunOutput {
  std::string node;
  std::string path;                  // as the pipeline says
  std::string file;                  // what there is of it, or of its first file; empty: nothing
  std::optional<std::uint64_t> end;  // bytes of `file` that are committed; nothing: all
  std::string format = "auto";       // of `file`
  std::vector<std::string> fields;   // that are written; empty: all
  std::string note;                  // for people: what of it is not there yet
};

// All outputs that are files, those of `save:` last. `account`: ToolContext::run_account().
std::vector<RunOutput> outputs_of(const Json& account);

}  // namespace rare::look
