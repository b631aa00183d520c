#include "engine/runtime/corpus_origin.h"

#include <chrono>
#include <utility>

#include "engine/runtime/at_work.h"
#include "engine/runtime/boundary.h"
#include "engine/runtime/corpus_walk.h"
#include "engine/runtime/gather_pass.h"
#include "engine/runtime/identities.h"

namespace rare::engine {
namespace {

// How long a pass that is cut may not notice it.
constexpr std::chrono::milliseconds kBetweenLooks{50};

class SourceAgain final : public CorpusOrigin {
 public:
  SourceAgain(const CorpusScope& scope, const PlannedNode& node) : CorpusOrigin(scope, node) {}

 private:
  Status open() override {
    const Status status = at_boundary([&] {
      instance_ = node_.use->component.make_source(node_.values, {});
      return instance_->open(context_, std::nullopt);
    });
    return status.ok() ? status : fault_at(node_, status);
  }

  Result<std::optional<Given>> give() override {
    Result<std::optional<Record>> next = next_record_of(*instance_);
    while (has_nothing_yet(next)) {
      if (scope_.is_cut()) return Status::cancelled();
      next = next_record_of(*instance_);
    }
    if (next.ok() && !next->has_value()) return std::optional<Given>();
    if (!next.ok() && next.status().fault() == Fault::run) return fault_at(node_, next.status());
    Given given;
    if (next.ok()) {
      given.record = std::move(**next);
      given.record->set_id(RecordId());
    }
    return std::optional<Given>(std::move(given));
  }

  std::unique_ptr<Source> instance_;
};

class WholeSetAgain final : public CorpusOrigin {
 public:
  WholeSetAgain(const CorpusScope& scope, const PlannedNode& node) : CorpusOrigin(scope, node) {}

 private:
  Status open() override {
    const Status status = at_boundary([&] {
      instance_ = node_.use->component.make_operator(node_.values, {});
      return instance_->open(context_);
    });
    if (!status.ok()) return fault_at(node_, status);
    auto input = CorpusWalk::open(scope_, node_.index, CorpusWalk::End::into);
    if (input) unread_input_ = std::move(*input);
    return input.status();
  }

  // Nothing above it is read before somebody asks for what it gives out.
  Result<std::optional<Given>> give() override {
    if (!pass_) {
      input_ = unread_input_.get();
      pass_ = std::make_unique<GatherPass>(node_, *instance_, std::move(unread_input_), nullptr);
    }
    GatherPass::Given passed;
    Status fault;
    for (;;) {
      if (scope_.is_cut()) return Status::cancelled();
      const GatherPass::Wait wait = pass_->next(passed, fault, kBetweenLooks);
      if (wait == GatherPass::Wait::ready) break;
      if (wait == GatherPass::Wait::not_yet) continue;
      if (fault.ok()) return std::optional<Given>();
      return input_->fault().ok() ? fault_at(node_, fault) : input_->fault();
    }
    Given given;
    given.port = passed.port;
    if (passed.error.ok()) given.record = std::move(passed.record);
    return std::optional<Given>(std::move(given));
  }

  std::unique_ptr<Operator> instance_;
  std::unique_ptr<CorpusWalk> unread_input_;
  const CorpusWalk* input_ = nullptr;  // of pass_
  std::unique_ptr<GatherPass> pass_;   // ends before its operator
};

}  // namespace

Result<std::unique_ptr<CorpusOrigin>> CorpusOrigin::open(const CorpusScope& scope,
                                                         const PlannedNode& node) {
  std::unique_ptr<CorpusOrigin> origin;
  if (node.gathers()) {
    origin = std::make_unique<WholeSetAgain>(scope, node);
  } else {
    origin = std::make_unique<SourceAgain>(scope, node);
  }
  const AtWork at_work(node);
  const Status status = origin->open();
  if (!status.ok()) return status;
  return origin;
}

CorpusOrigin::CorpusOrigin(const CorpusScope& scope, const PlannedNode& node)
    : scope_(scope),
      node_(node),
      context_(node.name, scope.environment),
      place_{node.gathers() ? static_cast<std::uint32_t>(node.level) + 1 : 0, 0,
             origin_place(scope.plan, node)},
      id_prefix_(id_prefix(place_.origin, node)) {}

Result<std::optional<CorpusOrigin::Given>> CorpusOrigin::next() {
  const AtWork at_work(node_);
  Result<std::optional<Given>> given = give();
  if (!given.ok() || !given->has_value()) return given;
  std::optional<Record>& record = (*given)->record;
  if (record && !record->id().is_set()) {
    record->set_id(RecordId(place_.origin, id_prefix_, place_.ordinal));
  }
  ++place_.ordinal;
  return given;
}

}  // namespace rare::engine
