#include "engine/runtime/preview_recorder.h"

#include <algorithm>
#include <tuple>

#include "engine/runtime/budget.h"

namespace rare::engine {
namespace {

PreviewStep step_of(const PlannedNode& node, const Record& came, PreviewStep::Did did) {
  PreviewStep step;
  step.node = node.index;
  step.source = came.id().source();
  step.ordinal = came.id().ordinal();
  step.id = came.id().to_string();
  step.label = std::string(came.id().label());
  step.did = did;
  return step;
}

PreviewStep::Emission difference(const Json& before, const Json& after, std::string port) {
  PreviewStep::Emission emission;
  emission.port = std::move(port);
  for (const auto& [field, value] : after.items()) {
    const auto old = before.find(field);
    if (old == before.end()) {
      emission.added[field] = value;
    } else if (*old != value) {
      emission.changed[field] = value;
    }
  }
  for (const auto& [field, value] : before.items()) {
    if (!after.contains(field)) emission.removed.push_back(field);
  }
  return emission;
}

std::string text_of(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace

void PreviewRecorder::released(const PlannedNode& node, const Record& came,
                               const BufferedOutput& output) {
  const bool filtered = output.emissions.empty();
  PreviewStep step =
      step_of(node, came, filtered ? PreviewStep::Did::filtered : PreviewStep::Did::emitted);
  step.reason = output.filter_reason;
  const std::vector<std::string> ports = node.ports();
  const Json before = fields_before(node, came);
  for (const BufferedOutput::Emission& emission : output.emissions) {
    step.emissions.push_back(difference(before, emission.record.fields(), ports[emission.port]));
  }
  keep(std::move(step), 0);
}

// What a source gives out is new; so is what a whole-set node made of others.
Json PreviewRecorder::fields_before(const PlannedNode& node, const Record& came) {
  if (node.kind() == ComponentKind::source) return Json::object();
  if (!node.gathers()) return came.fields();
  const std::lock_guard lock(mutex_);
  const auto at = gathered_.find({node.index, came.id().to_string()});
  return at == gathered_.end() ? Json::object() : at->second;
}

void PreviewRecorder::gathered(const PlannedNode& node, const Record& came) {
  {
    const std::lock_guard lock(mutex_);
    gathered_[{node.index, came.id().to_string()}] = came.fields();
  }
  keep(step_of(node, came, PreviewStep::Did::gathered), 0);
}

void PreviewRecorder::failed(const PlannedNode& node, const Record& came, const Status& status) {
  PreviewStep step = step_of(node, came, PreviewStep::Did::failed);
  step.reason = status.message();
  keep(std::move(step), 0);
}

void PreviewRecorder::written(const PlannedNode& sink, const Record& came) {
  PreviewStep step = step_of(sink, came, PreviewStep::Did::written);
  step.fields = came.fields();
  const auto row_bytes = static_cast<double>(text_of(step.fields).size() + 1);
  keep(std::move(step), row_bytes);
}

void PreviewRecorder::keep(PreviewStep step, double output_bytes) {
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  auto [family, is_new] = families_.try_emplace(FamilyKey{step.source, step.ordinal});
  if (is_new) family->second.began = now;
  family->second.ended = now;
  family->second.output_bytes += output_bytes;
  steps_.push_back(std::move(step));
}

std::vector<PreviewStep> PreviewRecorder::take_steps() {
  const auto place = [](const PreviewStep& step) {
    return std::tie(step.source, step.ordinal, step.node, step.id);
  };
  std::stable_sort(steps_.begin(), steps_.end(),
                   [&](const PreviewStep& a, const PreviewStep& b) { return place(a) < place(b); });
  return std::move(steps_);
}

RecordCosts PreviewRecorder::costs(const std::vector<ModelMeter::Reply>& replies,
                                   const std::map<std::string, Price>& prices) const {
  RecordCosts costs;
  costs.any_price = !prices.empty();
  std::map<std::uint64_t, std::size_t> place;  // by ordinal: there is one source, or no estimate
  for (const auto& [key, family] : families_) {
    place[key.second] = costs.latency_s.size();
    costs.latency_s.push_back(std::chrono::duration<double>(family.ended - family.began).count());
    costs.output_bytes.push_back(family.output_bytes);
  }
  for (auto* list : {&costs.prompt_tokens, &costs.completion_tokens, &costs.calls,
                     &costs.reply_bytes, &costs.money}) {
    list->resize(costs.latency_s.size());
  }
  for (const ModelMeter::Reply& reply : replies) {
    costs.any_from_store |= reply.from_store;
    const auto at = place.find(reply.ordinal);
    if (at == place.end()) continue;
    const auto prompt = static_cast<double>(reply.prompt_tokens);
    const auto completion = static_cast<double>(reply.completion_tokens);
    costs.prompt_tokens[at->second] += prompt;
    costs.completion_tokens[at->second] += completion;
    if (const auto price = prices.find(reply.service); price != prices.end()) {
      costs.money[at->second] += cost_of(prompt, completion, price->second);
    } else if (prompt + completion > 0) {
      costs.unpriced.insert(reply.service);
    }
    costs.calls[at->second] += 1;
    costs.reply_bytes[at->second] += static_cast<double>(reply.text_bytes);
  }
  return costs;
}

}  // namespace rare::engine
