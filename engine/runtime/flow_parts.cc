// Flow, where one record has more children than a credit carries: held_children.h says how.
#include <memory>
#include <optional>
#include <utility>

#include "engine/runtime/boundary.h"
#include "engine/runtime/flow.h"

namespace rare::engine {

void Flow::release_in_parts(const PlannedNode& node, Envelope envelope, BufferedOutput& output,
                            Departures& departures) {
  Result<std::vector<HeldPart>> parts = output.take_parts();
  if (!parts) {
    control_.fail(fault_at(node, parts.status()));
    return abandon(std::move(envelope), departures);
  }
  const auto held = std::make_shared<HeldChildren>(node, envelope.record.id(),
                                                   std::move(envelope.family), std::move(*parts));
  overflow_.add(held);
  send({node, held->record, 0, 1, true}, output.emissions, begin_part(held, false), departures);
  begin_waiting_part(departures);
}

Branch Flow::begin_part(const std::shared_ptr<HeldChildren>& held, bool has_own_credit) {
  const Family& whole = *held->family;
  Branch part(std::make_unique<Family>(whole.root, Family::Begin::empty, whole.level).release());
  part->part_of = held;
  part->has_own_credit = has_own_credit;
  return part;
}

void Flow::begin_held_part(const std::shared_ptr<HeldChildren>& held, const HeldPart& part,
                           bool has_own_credit, Departures& departures) {
  Branch family = begin_part(held, has_own_credit);
  auto children = BufferedOutput::take_back(part, overflow_.disk());
  if (!children) {
    control_.fail(fault_at(held->node, children.status()));
    family->abandon();
    return end_branch(std::move(family), departures);
  }
  send({held->node, held->record, part.first_child, 0, true}, *children, std::move(family),
       departures);
}

void Flow::end_part(std::unique_ptr<Family> part, Departures& departures) {
  const std::shared_ptr<HeldChildren> held = part->part_of;
  std::optional<HeldPart> next;
  Branch whole;
  {
    const std::lock_guard lock(held->mutex);
    absorb(*held, *part);
    next = held->begin_next();
    if (--held->under_way == 0) whole = std::move(held->family);
  }
  if (next) {
    begin_held_part(held, *next, part->has_own_credit, departures);
  } else if (part->has_own_credit) {
    credits_.give_back_unused(1);
  }
  if (whole) end_branch(std::move(whole), departures);
}

// REQUIRES: holds `held.mutex`.
void Flow::absorb(HeldChildren& held, Family& part) {
  Family& whole = *held.family;
  std::vector<Row> beyond = whole.absorb(part, overflow_.most_bytes());
  if (!beyond.empty()) {
    Result<RowRun> run = put_run(std::move(beyond), committer_.disk());
    if (run) {
      whole.add_run(std::move(*run));
    } else {
      control_.fail(run.status());
      whole.abandon();
    }
  }
  if (held.has_more() && (control_.aborting() || whole.abandoned())) {
    whole.abandon();
    overflow_.forget(held);
  }
}

void Flow::begin_waiting_part(Departures& departures) {
  if (const std::optional<Overflow::Ready> ready = overflow_.next()) {
    begin_held_part(ready->held, ready->part, true, departures);
  }
}

}  // namespace rare::engine
