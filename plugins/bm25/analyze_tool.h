// `rare-engine analyze`: the terms that an analyzer makes of a text.
#pragma once

#include <string>

#include "rare/tool.h"

namespace rare::bm25 {

class AnalyzeTool final : public Tool {
 public:
  static ToolUsage usage();
  Result<int> run(ToolContext& context) override;

 private:
  std::string text_;
  std::string analyzer_;
  bool json_ = false;
};

}  // namespace rare::bm25
