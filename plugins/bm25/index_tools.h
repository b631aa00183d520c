// `rare-engine index build|info|search|verify`: the index as a tool of its own.
#pragma once

#include <string>
#include <vector>

#include "rare/tool.h"

namespace rare::bm25 {

// Builds an index over the records of files into a folder, or finds it there.
class IndexBuildTool final : public Tool {
 public:
  static ToolUsage usage();
  Result<int> run(ToolContext& context) override;

 private:
  std::vector<std::string> corpus_;
  std::string format_, field_, id_field_, analyzer_, scoring_, memory_limit_, out_;
  double k1_ = 0, b_ = 0;
  int threads_ = 0;
  bool compact_ = false;
};

// What an index holds and how it was made.
class IndexInfoTool final : public Tool {
 public:
  static ToolUsage usage();
  Result<int> run(ToolContext& context) override;

 private:
  std::string index_;
  bool json_ = false;
};

// Reads all of an index and says what is damaged: exit code 0 or 1.
class IndexVerifyTool final : public Tool {
 public:
  static ToolUsage usage();
  Result<int> run(ToolContext& context) override;

 private:
  std::string index_;
};

// The best documents for each query of a file, a line of JSON each, in the file's order.
class IndexSearchTool final : public Tool {
 public:
  static ToolUsage usage();
  Result<int> run(ToolContext& context) override;

 private:
  std::string index_;
  std::vector<std::string> queries_;
  std::string format_, field_, id_field_;
  int k_ = 0;
  int threads_ = 0;
  bool float_bits_ = false;
};

}  // namespace rare::bm25
