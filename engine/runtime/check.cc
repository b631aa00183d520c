// check_components(): what `validate` does beyond the plan.
#include "engine/runtime/components.h"
#include "engine/runtime/no_replies.h"
#include "engine/runtime/resume_threads.h"
#include "engine/runtime/run.h"
#include "engine/runtime/scratch_folder.h"

namespace rare::engine {

Status check_components(const Plan& plan) {
  const ScratchFolder folder;
  RunControl control;
  NoReplies replies;
  Environment environment;
  environment.seed = plan.config.seed;
  environment.run_folder = folder.string();
  environment.control = &control;
  environment.replies = &replies;
  ResumeThreads resume_threads;
  environment.resumer = &resume_threads;
  Components components(plan, environment);
  Status status = components.make_sinks();
  if (status.ok()) status = components.open_sources({});
  if (status.ok()) status = components.open_services();
  if (status.ok()) status = components.open_operators();
  control.abort();
  control.cut();
  components.cancel_services();
  return status;
}

}  // namespace rare::engine
