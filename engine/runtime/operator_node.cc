#include "engine/runtime/operator_node.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "engine/runtime/at_work.h"
#include "engine/runtime/observed_body.h"
#include "engine/runtime/operator_call.h"

namespace rare::engine {
namespace fg = oneapi::tbb::flow;

OperatorNode::OperatorNode(Flow& flow, const PlannedNode& node, std::vector<Operator*> instances)
    : flow_(flow),
      node_(node),
      names_(node),
      instances_(instances.size()),
      idle_(std::move(instances)),
      body_(
          flow.graph(), idle_.size(),
          [this](const Message& train) {
            work_off(*train);
            return fg::continue_msg();
          },
          priority_of(node)) {}

void OperatorNode::work_off(Train& train) {
  Operator* const instance = take_instance();
  const std::size_t done = process(train, *instance);
  put_back(instance);
  if (done < train.size()) hand_back(train, done);
}

std::size_t OperatorNode::process(Train& train, Operator& instance) {
  const AtWork at_work(node_);
  ThreadWork& work = ThreadWork::here();
  Departures departures(flow_);
  BufferedOutput output(names_, flow_.room());
  BodyClock clock(flow_.counters()[node_.index]);
  ObservedBody observed(flow_.work_observer(), node_);
  std::size_t done = 0;
  while (done < train.size() && !clock.slice_is_over()) {
    Envelope envelope = std::move(train[done++]);
    if (flow_.control().aborting()) {
      flow_.abandon(std::move(envelope), departures);
      continue;
    }
    observed.begin();
    const Status status = call_for_record(work, node_, envelope.record.id(), [&] {
      return instance.process(envelope.record.share(), output);
    });
    observed.end(&envelope.record.id(), status, output.filtered);
    clock.lap();
    if (status.ok()) {
      flow_.release(node_, std::move(envelope), output, departures);
    } else {
      flow_.fail(node_, std::move(envelope), status, departures);
    }
    output.clear();
  }
  return done;
}

void OperatorNode::hand_back(Train& train, std::size_t from) {
  const std::size_t parts = std::min(instances_, train.size() - from);
  for (std::size_t part = 0; part < parts; ++part) {
    const std::size_t count = (train.size() - from) / (parts - part);
    const auto begin = std::next(train.begin(), static_cast<std::ptrdiff_t>(from));
    const auto end = std::next(begin, static_cast<std::ptrdiff_t>(count));
    flow_.put(node_.index, std::make_shared<Train>(std::make_move_iterator(begin),
                                                   std::make_move_iterator(end)));
    from += count;
  }
}

Operator* OperatorNode::take_instance() {
  const std::lock_guard lock(mutex_);
  Operator* const instance = idle_.back();
  idle_.pop_back();
  return instance;
}

void OperatorNode::put_back(Operator* instance) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(instance);
}

}  // namespace rare::engine
