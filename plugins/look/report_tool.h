// The verb `report`: one HTML page about a run and what it has written.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/files/read_parameters.h"
#include "rare/tool.h"

namespace rare::look {

class ReportTool final : public Tool, public files::ReadParameters {
 public:
  static ToolUsage usage();
  Result<int> run(ToolContext& context) override;

 private:
  Result<Json> data_of(ToolContext& context, const Json& account) const;

  std::string run_, state_dir_;
  std::vector<std::string> overlays_, settings_;
  std::string out_, node_, file_, positive_score_, positive_rank_;
  std::uint64_t seed_ = 0;
};

}  // namespace rare::look
