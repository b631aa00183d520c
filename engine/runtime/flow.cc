#include "engine/runtime/flow.h"

#include <utility>

namespace rare::engine {
namespace {

std::string described(const PlannedNode& node) {
  return "node '" + node.name + "' (" + node.spec().name() + ")";
}

// A whole-set node counts a record as it takes it in, not again as it gives out.
std::uint64_t records_in(const PlannedNode& node) { return node.gathers() ? 0 : 1; }

}  // namespace

Flow::Flow(const Plan& plan, oneapi::tbb::flow::graph& graph, RunControl& control,
           Committer& committer)
    : plan_(plan),
      graph_(graph),
      control_(control),
      committer_(committer),
      inputs_(plan.nodes.size(), nullptr),
      counters_(plan.nodes.size()) {}

void Flow::release(const PlannedNode& node, Message message, BufferedOutput& output) {
  auto& emissions = output.emissions;
  if (emissions.empty()) {
    if (!output.filtered) {
      const Status silent(
          StatusCode::internal,
          "returned OK without emitting the record; an operator that drops one says so "
          "with Output::filter(reason)");
      fail(node, std::move(message), silent);
      return;
    }
    if (observer_ != nullptr) observer_->released(node, message->record, output);
    message->family->count_filtered(node.index, output.filter_reason);
    end_branch(std::move(message));
    return;
  }
  if (observer_ != nullptr) observer_->released(node, message->record, output);
  std::uint64_t copied = 0;
  std::int64_t branches = 0;
  for (const auto& emission : emissions) {
    const std::size_t edges = node.successors[emission.port].size();
    copied += edges - 1;
    branches += static_cast<std::int64_t>(edges);
  }
  Family& family = *message->family;
  family.count_emission(node.index, records_in(node), emissions.size(), emissions.size() - 1,
                        copied);
  family.add_branches(branches);
  const bool several = emissions.size() > 1;
  const RecordId parent = message->record.id();
  for (std::uint32_t child = 0; child < emissions.size(); ++child) {
    Record& record = emissions[child].record;
    const auto& edges = node.successors[emissions[child].port];
    for (std::uint32_t edge = 0; edge < edges.size(); ++edge) {
      auto next = std::make_shared<Envelope>();
      next->record = edge + 1 < edges.size() ? record.share() : std::move(record);
      const bool divides = several || edges.size() > 1;
      next->record.set_id(divides ? parent.child({child, edge, several}) : parent);
      next->family = message->family;
      put(edges[edge], std::move(next));
    }
  }
  emissions.clear();
  end_branch(std::move(message));
}

void Flow::release_origin(const PlannedNode& node, Message message) {
  static const std::vector<std::string> kNoPorts;  // the port is known by its number
  BufferedOutput output(kNoPorts);
  output.emissions.push_back({message->port, message->record.share()});
  release(node, std::move(message), output);
}

void Flow::take_in(const PlannedNode& node, Message message) {
  if (observer_ != nullptr) observer_->gathered(node, message->record);
  message->family->add_row({node.index, std::move(message->record)}, true);
  end_branch(std::move(message));
}

void Flow::fail(const PlannedNode& node, Message message, const Status& status) {
  if (status.code() == StatusCode::cancelled || control_.aborting()) {
    abandon(std::move(message));
    return;
  }
  if (observer_ != nullptr) observer_->failed(node, message->record, status);
  const bool run_fault = status.fault() == Fault::run;
  if (run_fault || node.on_error == OnError::fail) {
    std::string text = described(node) + ": " + status.message();
    if (!run_fault) {
      text =
          "record " + message->record.id().to_string() + " failed, and on_error is 'fail': " + text;
    }
    control_.fail(Status::run_fault(status.code(), std::move(text)));
    abandon(std::move(message));
    return;
  }
  Family& family = *message->family;
  if (node.on_error == OnError::drop) {
    family.count_dropped(node.index, records_in(node));
  } else {
    DeadLetter letter;
    letter.id = message->record.id();
    letter.node = node.name;
    letter.reason = status.message();
    letter.attempts = status.attempts();
    letter.raw = status.raw();
    letter.record = message->record.fields();
    family.add_dead_letter(node.index, records_in(node), std::move(letter));
    dead_.fetch_add(1, std::memory_order_relaxed);
    check_error_share();
  }
  end_branch(std::move(message));
}

void Flow::write(const PlannedNode& sink, Message message) {
  if (observer_ != nullptr) observer_->written(sink, message->record);
  message->family->add_row({sink.index, std::move(message->record)});
  end_branch(std::move(message));
}

void Flow::abandon(Message message) {
  message->family->abandon();
  end_branch(std::move(message));
}

void Flow::put(std::uint32_t node, Message message) {
  Message kept = message;
  if (inputs_[node]->try_put(std::move(message))) return;
  // Cannot happen with queueing receivers; if it ever does, it must not look like success.
  control_.fail(Status::run_fault(
      StatusCode::internal, described(plan_.nodes[node]) + ": the flow graph rejected a record"));
  abandon(std::move(kept));
}

void Flow::end_branch(Message message) {
  std::shared_ptr<Family> family = std::move(message->family);
  message.reset();  // the record is destroyed before its credit comes back
  if (!family->end_branch()) return;
  if (family->abandoned()) {
    abandoned_.fetch_add(1);
    family.reset();
    return_credit_();
    return;
  }
  finished_.fetch_add(1);
  // If the committer keeps the credit, the graph has to wait for it.
  graph_.reserve_wait();
  if (committer_.submit(std::move(family))) return;
  return_credit_();
  graph_.release_wait();
}

void Flow::check_error_share() {
  const ErrorBound& bound = plan_.config.stop_after_errors;
  const std::uint64_t read = earlier_read_ + read_.load(std::memory_order_relaxed);
  const std::uint64_t dead = earlier_dead_ + dead_.load(std::memory_order_relaxed);
  const bool by_count = bound.count && dead > *bound.count;
  const bool by_share = bound.share && read >= bound.after_records &&
                        static_cast<double>(dead) > *bound.share * static_cast<double>(read);
  if (!by_count && !by_share) return;
  control_.fail(Status::run_fault(
      StatusCode::internal, std::to_string(dead) + " of " + std::to_string(read) +
                                " records are dead letters, more than stop_after_errors allows; "
                                "dead_letters.jsonl in the state folder says why"));
}

}  // namespace rare::engine
