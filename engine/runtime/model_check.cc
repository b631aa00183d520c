#include "engine/runtime/model_check.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <utility>

#include "engine/runtime/boundary.h"
#include "engine/runtime/check_environment.h"
#include "engine/runtime/component_context.h"
#include "engine/runtime/end_signals.h"
#include "engine/runtime/run.h"
#include "rare/language_model.h"
#include "rare/service.h"

namespace rare::engine {
namespace {

std::atomic<bool> check_interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free, "used in a signal handler");

extern "C" void interrupt_check(int) { check_interrupted.store(true); }

// Signals end the check as long as it lives, so that local servers and temporary files go with it.
class CheckSignals {
 public:
  CheckSignals() {
    check_interrupted.store(false);
    handle_end_signals(interrupt_check);
  }
  ~CheckSignals() { handle_end_signals(SIG_DFL); }
  CheckSignals(const CheckSignals&) = delete;
  CheckSignals& operator=(const CheckSignals&) = delete;
};

// What a service offers is known only once it is open, and an index would then read its corpus: so
// whoever is used for something else, and not as a language model, is left alone.
bool may_be_model(const Plan& plan, std::uint32_t service) {
  bool used = false;
  for (const PlannedNode& node : plan.nodes) {
    for (const ServiceUse& use : node.services) {
      if (use.service != service) continue;
      used = true;
      for (const ParamSpec& param : node.spec().params()) {
        if (param.name == use.param && param.interface == LanguageModel::kInterface) return true;
      }
    }
  }
  return !used;
}

int exit_code_of_outcome(ProbeOutcome outcome) {
  switch (outcome) {
    case ProbeOutcome::works:
      return kExitDone;
    case ProbeOutcome::mend:
      return kExitFailed;
    case ProbeOutcome::try_later:
      return kExitTryAgain;
    case ProbeOutcome::cancelled:
      return kExitInterrupted;
  }
  return kExitFailed;
}

int worse_of(int a, int b) {
  constexpr std::array kFromWorst = {kExitInterrupted, kExitConfiguration, kExitFailed,
                                     kExitTryAgain, kExitDone};
  const auto rank = [&](int code) {
    return std::find(kFromWorst.begin(), kFromWorst.end(), code) - kFromWorst.begin();
  };
  return rank(a) <= rank(b) ? a : b;
}

// Waits on this thread for what the service says on another, and ends it on a signal.
Result<ModelReport> ask(Service& service, ModelProbe& probe,
                        std::chrono::milliseconds request_timeout) {
  auto answer = std::async(std::launch::async, [&probe, request_timeout] {
    return at_boundary([&] { return probe.probe(request_timeout); });
  });
  bool cancelled = false;
  while (answer.wait_for(std::chrono::milliseconds(50)) != std::future_status::ready) {
    if (check_interrupted.load() && !std::exchange(cancelled, true)) service.cancel();
  }
  return answer.get();
}

void check_service(const PlannedService& planned, ComponentContext& context,
                   std::chrono::milliseconds request_timeout, CheckedService& checked) {
  std::unique_ptr<Service> service;
  checked.status = at_boundary([&] {
    service = planned.use->component.make_service(planned.values, {});
    return service->open(context);
  });
  if (!checked.status.ok()) {
    checked.exit_code = exit_code_of(checked.status);
    return;
  }
  const ServiceClient client{"check-models", 0};
  void* const probe = service->connect(ModelProbe::kInterface, client);
  if (probe == nullptr) {
    const bool is_model = service->connect(LanguageModel::kInterface, client) != nullptr;
    checked.kind = is_model ? CheckedService::Kind::no_probe : CheckedService::Kind::no_model;
  } else {
    Result<ModelReport> report = ask(*service, *static_cast<ModelProbe*>(probe), request_timeout);
    checked.status = report.status();
    checked.exit_code = exit_code_of(checked.status);
    if (report) checked.report = std::move(*report);
    for (const EndpointReport& endpoint : checked.report.endpoints) {
      checked.exit_code = worse_of(checked.exit_code, exit_code_of_outcome(endpoint.outcome));
    }
  }
  service->cancel();
}

}  // namespace

ModelCheck check_models(const Plan& plan, std::chrono::milliseconds request_timeout) {
  const CheckSignals signals;
  CheckEnvironment check_environment(plan.config.seed);
  ModelCheck check;
  for (std::uint32_t i = 0; i < plan.services.size(); ++i) {
    const PlannedService& planned = plan.services[i];
    CheckedService checked;
    checked.name = planned.name;
    checked.component = planned.use->component.spec.name();
    ComponentContext context(planned.name, check_environment.shared, [](const std::string&) {
      return Result<std::unique_ptr<RecordStream>>(
          Status(StatusCode::not_found, "no node is run while services are checked"));
    });
    if (!may_be_model(plan, i)) {
      checked.kind = CheckedService::Kind::no_model;
    } else if (check_interrupted.load()) {
      checked.status = Status::cancelled();
      checked.exit_code = kExitInterrupted;
    } else {
      check_service(planned, context, request_timeout, checked);
    }
    check.exit_code = worse_of(check.exit_code, checked.exit_code);
    check.services.push_back(std::move(checked));
  }
  check_environment.end();
  return check;
}

}  // namespace rare::engine
