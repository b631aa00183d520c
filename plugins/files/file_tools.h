// The verbs `convert`, `head` and `count`: the readers and writers without a pipeline.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "rare/tool.h"
#include "read_parameters.h"

namespace rare::files {

// The exit code of all three when records could not be read or written: each of the first of them
// is said, and all are counted.
inline constexpr int kRecordsLeftOut = 3;

class ConvertTool final : public Tool, public ReadParameters {
 public:
  static ToolUsage usage();
  Result<int> run(ToolContext& context) override;

 private:
  // The names of all fields, sorted: for a format that wants them before the first record.
  Result<std::vector<std::string>> all_fields() const;
  Result<int> convert(ToolContext& context, std::vector<std::string> fields) const;

  std::string in_, out_, to_, compression_;
  std::vector<std::string> fields_;
  bool overwrite_ = false;
};

class HeadTool final : public Tool, public ReadParameters {
 public:
  static ToolUsage usage();
  Result<int> run(ToolContext& context) override;

 private:
  std::vector<std::string> files_;
  std::uint64_t most_ = 10;
};

class CountTool final : public Tool, public ReadParameters {
 public:
  static ToolUsage usage();
  Result<int> run(ToolContext& context) override;

 private:
  std::vector<std::string> files_;
};

}  // namespace rare::files
