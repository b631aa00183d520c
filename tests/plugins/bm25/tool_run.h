// Runs a tool as the engine does, and keeps what it prints and says.
#pragma once

#include <sstream>
#include <string>

#include "rare/tool.h"

namespace rare::bm25::testing {

class ToolRun final : public ToolContext {
 public:
  // Runs T with `values` over the defaults of its spec.
  template <class T>
  explicit ToolRun(T tool, Json values) : result(run_tool(std::move(tool), std::move(values))) {}

  std::istream& in() override { return in_; }
  std::ostream& out() override { return out_; }
  void log(LogLevel, std::string_view message) override { said += std::string(message) + "\n"; }

  std::string printed() const { return out_.str(); }
  std::string message() const { return result.status().message(); }
  bool ok() const { return result.ok() && *result == 0; }

  std::istringstream in_;
  std::ostringstream out_;
  std::string said;
  Result<int> result;

 private:
  template <class T>
  Result<int> run_tool(T tool, Json values) {
    const ToolUsage usage = T::usage();
    for (const ParamSpec& param : usage.spec.params()) {
      param.apply(&tool, values.contains(param.name) ? values.at(param.name) : param.default_value,
                  ServiceResolver());
    }
    return tool.run(*this);
  }
};

}  // namespace rare::bm25::testing
