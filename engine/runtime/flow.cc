#include "engine/runtime/flow.h"

#include <algorithm>
#include <utility>

#include "engine/runtime/identities.h"

namespace rare::engine {
namespace {

// A whole-set node counts a record as it takes it in, not again as it gives out.
std::uint32_t records_in(const PlannedNode& node) { return node.gathers() ? 0 : 1; }

}  // namespace

void Departures::depart() {
  for (;;) {
    for (Leaving& leaving : trains_) {
      if (leaving.train) flow_.put(leaving.node, std::move(leaving.train));
    }
    if (ended_.empty()) return;
    flow_.end_families(std::exchange(ended_, {}), *this);
  }
}

Flow::Flow(const Plan& plan, oneapi::tbb::flow::graph& graph, RunControl& control,
           Committer& committer, Credits& credits, Overflow::Limits limits)
    : plan_(plan),
      graph_(graph),
      control_(control),
      committer_(committer),
      credits_(credits),
      overflow_(credits, std::move(limits)),
      inputs_(plan.nodes.size(), nullptr),
      counters_(plan.nodes.size()) {}

void Flow::release(const PlannedNode& node, Envelope envelope, BufferedOutput& output,
                   Departures& departures) {
  auto& emissions = output.emissions;
  if (emissions.empty() && !output.filtered) {
    const Status silent(
        StatusCode::internal,
        "returned OK without emitting the record; an operator that drops one says so "
        "with Output::filter(reason)");
    fail(node, std::move(envelope), silent, departures);
    return;
  }
  for (const auto& [counter, more] : output.counts) {
    envelope.family->count(node.index, counter, more);
  }
  if (emissions.empty()) {
    if (observer_ != nullptr) observer_->released(node, envelope.record, output);
    counters_[node.index].filtered.fetch_add(1, std::memory_order_relaxed);
    envelope.family->count_filtered(node.index, output.filter_reason);
    end_branch(std::move(envelope.family), departures);
    return;
  }
  if (observer_ != nullptr) observer_->released(node, envelope.record, output);
  if (output.overflows()) return release_in_parts(node, std::move(envelope), output, departures);
  send({node, envelope.record.id(), 0, records_in(node), emissions.size() > 1}, emissions,
       std::move(envelope.family), departures);
}

void Flow::send(const Siblings& siblings, std::vector<BufferedOutput::Emission>& children,
                Branch family, Departures& departures) {
  const PlannedNode& node = siblings.node;
  std::uint64_t copied = 0;
  std::int64_t branches = 0;
  for (const auto& child : children) {
    const std::size_t edges = node.successors[child.port].size();
    copied += edges - 1;
    branches += static_cast<std::int64_t>(edges);
  }
  family->count_emission(node.index, siblings.in, children.size(), children.size() - siblings.in,
                         copied);
  // The branch that came in goes on as one of these.
  if (branches > 1) family->add_branches(branches - 1);
  std::uint32_t number = siblings.first_child;
  for (auto& child : children) {
    const RecordId::Step step{number++, 0, siblings.several};
    const auto& edges = node.successors[child.port];
    if (is_tapped(node.index)) {
      Record seen = child.record.share();
      seen.set_id(id_of_branch(siblings.parent, step, std::max<std::size_t>(1, edges.size())));
      tap_->passed(node.index, child.port, seen);
    }
    pass_on(edges, siblings.parent, *family, std::move(child.record), step, departures);
  }
  if (branches == 0) return end_branch(std::move(family), departures);
  (void)family.release();  // its branch went on
}

void Flow::release_origin(const PlannedNode& node, std::uint32_t port, Envelope envelope,
                          Departures& departures) {
  const auto& edges = node.successors[port];
  if (is_tapped(node.index)) tap_->passed(node.index, port, envelope.record);
  envelope.family->count_emission(node.index, records_in(node), 1, 0, edges.size() - 1);
  if (edges.empty()) return end_branch(std::move(envelope.family), departures);
  if (edges.size() > 1) {
    envelope.family->add_branches(static_cast<std::int64_t>(edges.size()) - 1);
  }
  Record record = edges.size() > 1 ? envelope.record.share() : std::move(envelope.record);
  const RecordId id = record.id();
  show_origin(node, port, record);
  pass_on(edges, id, *envelope.family, std::move(record), {}, departures);
  (void)envelope.family.release();  // its branch went on
}

// To an observer what an origin gives out is an emission like others.
void Flow::show_origin(const PlannedNode& node, std::uint32_t port, const Record& record) const {
  if (observer_ == nullptr) return;
  static const OutputNames kNoNames{std::vector<std::string>()};  // the port is known by its number
  BufferedOutput output(kNoNames);
  output.emissions.push_back({port, record});
  observer_->released(node, record, output);
}

void Flow::take_in(const PlannedNode& node, Envelope envelope, Departures& departures) {
  if (observer_ != nullptr) observer_->gathered(node, envelope.record);
  const RecordId id = envelope.record.id();
  envelope.family->add_row({node.index, id, std::move(envelope.record), {}}, true);
  end_branch(std::move(envelope.family), departures);
}

// `record` was made from `parent`, as its child number `step.child`.
void Flow::pass_on(const std::vector<std::uint32_t>& edges, const RecordId& parent, Family& family,
                   Record record, RecordId::Step step, Departures& departures) {
  for (std::uint32_t edge = 0; edge < edges.size(); ++edge) {
    step.edge = edge;
    Envelope next;
    next.record = edge + 1 < edges.size() ? record.share() : std::move(record);
    next.record.set_id(id_of_branch(parent, step, edges.size()));
    next.family = Branch(&family);
    board(edges[edge], std::move(next), departures);
  }
}

void Flow::fail(const PlannedNode& node, Envelope envelope, const Status& status,
                Departures& departures) {
  if (status.code() == StatusCode::cancelled || control_.aborting()) {
    abandon(std::move(envelope), departures);
    return;
  }
  if (observer_ != nullptr) observer_->failed(node, envelope.record, status);
  const bool run_fault = status.fault() == Fault::run;
  if (run_fault || node.on_error == OnError::fail) {
    std::string text = node.described() + ": " + status.message();
    if (!run_fault) {
      text =
          "record " + envelope.record.id().described() + " failed, and on_error is 'fail': " + text;
    }
    control_.fail(Status::run_fault(status.code(), std::move(text)));
    abandon(std::move(envelope), departures);
    return;
  }
  Family& family = *envelope.family;
  if (node.on_error == OnError::drop) {
    counters_[node.index].dropped.fetch_add(1, std::memory_order_relaxed);
    family.count_dropped(node.index, records_in(node));
  } else {
    DeadLetter letter;
    letter.id = envelope.record.id();
    letter.node = node.name;
    letter.reason = status.message();
    letter.attempts = status.attempts();
    letter.raw = status.raw();
    letter.record = envelope.record.fields();
    family.add_dead_letter(node.index, records_in(node), std::move(letter));
    counters_[node.index].dead.fetch_add(1, std::memory_order_relaxed);
    dead_.fetch_add(1, std::memory_order_relaxed);
    check_error_share();
  }
  end_branch(std::move(envelope.family), departures);
}

void Flow::write(const PlannedNode& sink, Envelope envelope, std::optional<std::string> encoded,
                 Departures& departures) {
  if (observer_ != nullptr) observer_->written(sink, envelope.record);
  if (is_tapped(sink.index)) tap_->passed(sink.index, 0, envelope.record);
  Row row{sink.index, envelope.record.id(), {}, {}};
  if (encoded) {
    row.encoded = std::move(*encoded);
  } else {
    row.record = std::move(envelope.record);
  }
  envelope.family->add_row(std::move(row));
  end_branch(std::move(envelope.family), departures);
}

void Flow::abandon(Envelope envelope, Departures& departures) {
  envelope.family->abandon();
  end_branch(std::move(envelope.family), departures);
}

void Flow::came_to_rest() {
  credits_.coming_back(1);
  credits_.give_back(1);
}

void Flow::board(std::uint32_t node, Envelope envelope, Departures& departures) {
  auto& trains = departures.trains_;
  auto at = std::find_if(trains.begin(), trains.end(),
                         [node](const auto& leaving) { return leaving.node == node; });
  if (at == trains.end()) at = trains.insert(at, {node, nullptr});
  if (!at->train) at->train = std::make_shared<Train>();
  at->train->push_back(std::move(envelope));
  if (at->train->size() == kTrainRecords) put(node, std::exchange(at->train, nullptr));
}

void Flow::put(std::uint32_t node, Message train) {
  const Message kept = train;
  if (inputs_[node]->try_put(std::move(train))) return;
  // Cannot happen with queueing receivers; if it ever does, it must not look like success.
  control_.fail(Status::run_fault(
      StatusCode::internal, plan_.nodes[node].described() + ": the flow graph rejected a record"));
  Departures nowhere(*this);
  for (Envelope& envelope : *kept) abandon(std::move(envelope), nowhere);
}

void Flow::end_branch(Branch branch, Departures& departures) {
  Family* const family = branch.release();
  const bool gives_credit_back = !family->part_of;
  const Family::Ended ended = family->end_branch();
  if (ended.last) departures.ended_.emplace_back(family);
  if (ended.rests && gives_credit_back) came_to_rest();
}

void Flow::end_families(std::vector<std::unique_ptr<Family>> ended, Departures& departures) {
  for (std::unique_ptr<Family>& family : ended) {
    if (family->part_of) end_part(std::move(family), departures);
  }
  std::erase(ended, nullptr);
  if (work_observer_ != nullptr) {
    for (const std::unique_ptr<Family>& family : ended) {
      work_observer_->ended(family->root, family->ledger().dead, family->abandoned());
    }
  }
  auto credits = static_cast<std::int64_t>(ended.size());
  credits_.coming_back(credits);
  const std::size_t abandoned = std::erase_if(ended, [](const auto& f) { return f->abandoned(); });
  abandoned_.fetch_add(abandoned);
  finished_.fetch_add(ended.size());
  credits -= static_cast<std::int64_t>(committer_.submit(ended));
  ended.clear();
  if (credits > 0) credits_.give_back(credits);
  begin_waiting_part(departures);
}

void Flow::check_error_share() {
  if (ignores_error_share_) return;
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
