#include "plan_fixture.h"

#include "catch.h"

namespace rare::engine {

Plan PlanFixture::plan(const std::string& yaml, const std::vector<std::string>& settings) const {
  folder.write("p.yaml", yaml);
  Diagnostics diagnostics;
  PipelineConfig config = load_pipeline({"p.yaml", {}, settings}, diagnostics);
  Plan plan = make_plan(std::move(config), registry, diagnostics);
  INFO(diagnostics.to_string());
  REQUIRE(diagnostics.ok());
  return plan;
}

std::string PlanFixture::errors(const std::string& yaml) const {
  folder.write("p.yaml", yaml);
  Diagnostics diagnostics;
  PipelineConfig config = load_pipeline({"p.yaml", {}, {}}, diagnostics);
  make_plan(std::move(config), registry, diagnostics);
  return diagnostics.to_string();
}

std::string order_of(const Plan& plan) {
  std::string text;
  for (const PlannedNode& node : plan.nodes) text += (text.empty() ? "" : " ") + node.name;
  return text;
}

}  // namespace rare::engine
