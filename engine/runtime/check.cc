// check_components(): what `validate` does beyond the plan.
#include "engine/runtime/check_environment.h"
#include "engine/runtime/components.h"
#include "engine/runtime/run.h"

namespace rare::engine {

Status check_components(const Plan& plan) {
  CheckEnvironment environment(plan.config.seed);
  Components components(plan, environment.shared);
  Status status = components.make_sinks();
  if (status.ok()) status = components.open_sources({});
  if (status.ok()) status = components.open_services();
  if (status.ok()) status = components.open_operators();
  environment.end();
  components.cancel_services();
  return status;
}

}  // namespace rare::engine
