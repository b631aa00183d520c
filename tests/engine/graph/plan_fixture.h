// Plans over the test components.
#pragma once

#include <string>
#include <vector>

#include "engine/graph/plan.h"
#include "temporary_folder.h"
#include "test_components.h"

namespace rare::engine {

// A working directory, the installed components, and plans of pipelines in it.
struct PlanFixture {
  TemporaryFolder folder;
  Registry registry = test_registry();

  // The plan of p.yaml with this text, which must be free of errors.
  Plan plan(const std::string& yaml, const std::vector<std::string>& settings = {}) const;
  // The errors of the plan of p.yaml with this text, as the user sees them.
  std::string errors(const std::string& yaml) const;
};

// "documents -> note -> result", for messages and comparisons: the plan's order.
std::string order_of(const Plan& plan);

}  // namespace rare::engine
