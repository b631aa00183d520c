// The verb `inspect`: pages through the records of a file in the terminal.
#pragma once

#include <cstdint>
#include <string>

#include "plugins/files/read_parameters.h"
#include "rare/tool.h"
#include "record_browser.h"
#include "record_file.h"

namespace rare::look {

class InspectTool final : public Tool, public files::ReadParameters {
 public:
  static ToolUsage usage();
  Result<int> run(ToolContext& context) override;

 private:
  FieldRoles roles() const;
  Result<int> print(ToolContext& context, RecordFile& file) const;
  void browse(RecordFile& file) const;

  std::string file_, filter_, question_, text_, negatives_;
  std::uint64_t at_ = 1, print_ = 0, width_ = 0;
};

}  // namespace rare::look
