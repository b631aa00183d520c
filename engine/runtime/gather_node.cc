#include "engine/runtime/gather_node.h"

#include <chrono>
#include <utility>

#include "engine/runtime/identities.h"

namespace rare::engine {
namespace fg = oneapi::tbb::flow;

namespace {

// How long one turn waits for the operator. Who has a record in hand waits for no other.
constexpr std::chrono::milliseconds kMoment{50}, kNotAtAll{0};

}  // namespace

GatherNode::GatherNode(Flow& flow, Committer& committer, Credits& credits, const PlannedNode& node,
                       Operator& instance, GatherSpill& spill, std::uint32_t place)
    : Origin(flow, credits, node, kTrainRecords),
      committer_(committer),
      instance_(instance),
      spill_(spill),
      place_(place),
      id_prefix_(id_prefix(place, node)),
      arrivals_(
          flow.graph(), fg::unlimited,
          [this](const Message& train) {
            take_in(*train);
            return fg::continue_msg();
          },
          priority_of(node)) {}

void GatherNode::take_in(Train& train) {
  Departures departures(flow_);
  BodyClock clock(flow_.counters()[node_.index]);
  for (Envelope& envelope : train) {
    flow_.take_in(node_, std::move(envelope), departures);
    clock.lap();
  }
}

Status GatherNode::begin(IntervalSet finished) {
  Result<std::unique_ptr<SpilledRows>> rows = spill_.in_order();
  if (!rows) return rows.status();
  committer_.source_opened(place_, node_.name, Position(), 0, finished);
  finished_ = std::move(finished);
  pass_ = std::make_unique<GatherPass>(node_, instance_, std::move(*rows), flow_.work_observer());
  return Status();
}

Origin::More GatherNode::give(std::int64_t most, std::vector<Given>& train) {
  const std::uint64_t first = next_ordinal_;
  More more = More::yes;
  while (more == More::yes && static_cast<std::int64_t>(train.size()) < most) {
    if (flow_.control().draining()) break;
    GatherPass::Given passed;
    Status fault;
    const auto patience = next_ordinal_ == first ? kMoment : kNotAtAll;
    const GatherPass::Wait wait = pass_->next(passed, fault, patience);
    if (wait == GatherPass::Wait::not_yet) break;
    if (wait == GatherPass::Wait::ended) {
      more = ended(fault);
    } else {
      const std::uint64_t ordinal = next_ordinal_++;
      if (!finished_.contains(ordinal)) train.push_back(begin(std::move(passed), ordinal));
    }
  }
  if (next_ordinal_ > first) {
    committer_.source_read(place_, first, next_ordinal_, train.size(), Position());
  }
  if (exhausted()) committer_.source_ended(place_);
  return more;
}

Origin::More GatherNode::ended(const Status& fault) {
  if (fault.ok()) {
    set_exhausted();
  } else {
    end_run(fault);
  }
  return More::no;
}

void GatherNode::no_more_turns() {
  if (pass_) pass_->end();
}

Origin::Given GatherNode::begin(GatherPass::Given passed, std::uint64_t ordinal) {
  const RecordId root(place_, id_prefix_, ordinal);
  Given given;
  given.only_counts = !passed.record;
  given.envelope =
      begin_family(root, given.only_counts ? Family::Begin::empty : Family::Begin::made,
                   static_cast<std::uint32_t>(level()));
  given.envelope.family->count_gathered(node_.index, passed.before);
  if (passed.record) given.envelope.record = std::move(*passed.record);
  // What passed through keeps its identity, for seeds and names; what was made here gets one.
  if (!given.envelope.record.id().is_set()) given.envelope.record.set_id(root);
  given.error = std::move(passed.error);
  given.port = passed.port;
  return given;
}

}  // namespace rare::engine
