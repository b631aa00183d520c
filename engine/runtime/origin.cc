#include "engine/runtime/origin.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "engine/runtime/boundary.h"

namespace rare::engine {
namespace fg = oneapi::tbb::flow;

// A quarter of the credits at most, so that several trains are under way at once.
Origin::Origin(Flow& flow, Credits& credits, const PlannedNode& node, std::int64_t most_together)
    : flow_(flow),
      node_(node),
      credits_(credits),
      most_together_(
          std::min(most_together, std::clamp<std::int64_t>(credits.total() / 4, 1, kTrainRecords))),
      turn_(
          flow.graph(), fg::serial,
          [this](fg::continue_msg) {
            take_turn();
            return fg::continue_msg();
          },
          kFeedingFirst),
      later_(flow.graph(), fg::serial, [this](fg::continue_msg) {
        start();
        return fg::continue_msg();
      }) {}

void Origin::take_turn() {
  if (flow_.control().draining()) {
    no_more_turns();
    return;
  }
  const std::int64_t credits = credits_.take(most_together_, [this] { start(); });
  if (credits == 0) return;
  std::vector<Given> train;
  const More more = give(credits, train);
  const std::int64_t unused = credits - static_cast<std::int64_t>(train.size());
  if (unused > 0) credits_.give_back_unused(unused);
  {
    Departures departures(flow_);
    for (Given& given : train) send(std::move(given), departures);
  }
  if (more == More::yes) {
    start();
  } else if (more == More::later) {
    later_.try_put(fg::continue_msg());  // without a priority, behind all that have one
  } else {
    no_more_turns();
  }
}

void Origin::send(Given given, Departures& departures) {
  if (given.only_counts) {
    flow_.end_counted(std::move(given.envelope), departures);
  } else if (!given.error.ok()) {
    flow_.fail(node_, std::move(given.envelope), given.error, departures);
  } else {
    flow_.release_origin(node_, given.port, std::move(given.envelope), departures);
  }
}

Envelope Origin::begin_family(RecordId root, Family::Begin begin, std::uint32_t level) {
  Envelope envelope;
  envelope.family = Branch(std::make_unique<Family>(std::move(root), begin, level).release());
  flow_.family_started();
  return envelope;
}

void Origin::end_run(const Status& fault) { flow_.control().fail(fault_at(node_, fault)); }

}  // namespace rare::engine
