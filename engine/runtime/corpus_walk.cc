#include "engine/runtime/corpus_walk.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/runtime/at_work.h"
#include "engine/runtime/boundary.h"
#include "engine/runtime/identities.h"
#include "engine/runtime/operator_call.h"

namespace rare::engine {
namespace {

bool begins_records(const PlannedNode& node) {
  return node.kind() == ComponentKind::source || node.gathers();
}

}  // namespace

Result<std::unique_ptr<CorpusWalk>> CorpusWalk::open(const CorpusScope& scope, std::uint32_t node,
                                                     End end) {
  std::unique_ptr<CorpusWalk> walk(new CorpusWalk(scope, node, end));
  for (const std::uint32_t index : walk->nodes_on_the_way()) {
    const Status status = walk->open_node(scope.plan.nodes[index]);
    if (!status.ok()) return status;
  }
  return walk;
}

// Up to the nearest origins, in topological order.
std::vector<std::uint32_t> CorpusWalk::nodes_on_the_way() const {
  const std::vector<PlannedNode>& nodes = scope_.plan.nodes;
  std::set<std::uint32_t> found;
  std::vector<std::uint32_t> left{node_};
  if (end_ == End::into) left = nodes[node_].predecessors;
  while (!left.empty()) {
    const PlannedNode& node = nodes[left.back()];
    left.pop_back();
    if (!found.insert(node.index).second || begins_records(node)) continue;
    left.insert(left.end(), node.predecessors.begin(), node.predecessors.end());
  }
  return std::vector<std::uint32_t>(found.begin(), found.end());
}

Status CorpusWalk::open_node(const PlannedNode& node) {
  if (begins_records(node)) {
    Result<std::unique_ptr<CorpusOrigin>> origin = CorpusOrigin::open(scope_, node);
    if (!origin) return origin.status();
    origins_.push_back(std::move(*origin));
    return Status();
  }
  OpenOperator& open = operators_.try_emplace(node.index, node, scope_.environment).first->second;
  const AtWork at_work(node);
  const Status status = at_boundary([&] {
    open.instance = node.use->component.make_operator(node.values, {});
    return open.instance->open(open.context);
  });
  return status.ok() ? status : fault_at(node, status);
}

Result<std::optional<SpilledRow>> CorpusWalk::next() {
  while (fault_.ok() && arrived_.empty() && !origins_.empty()) fault_ = follow_next();
  if (!fault_.ok()) return fault_;
  if (arrived_.empty()) return std::optional<SpilledRow>();
  std::optional<SpilledRow> row = std::move(arrived_.front());
  arrived_.pop_front();
  return row;
}

// An origin that has ended goes with all that it holds.
Status CorpusWalk::follow_next() {
  if (scope_.is_cut()) return Status::cancelled();
  const auto first =
      std::min_element(origins_.begin(), origins_.end(),
                       [](const auto& a, const auto& b) { return a->place() < b->place(); });
  CorpusOrigin& origin = **first;
  family_ = origin.place();
  Result<std::optional<CorpusOrigin::Given>> given = origin.next();
  if (!given.ok()) return given.status();
  if (!given->has_value()) {
    origins_.erase(first);
    return Status();
  }
  std::optional<Record>& record = (*given)->record;
  if (!record) return Status();
  const RecordId id = record->id();
  return pass_on(origin.node(), (*given)->port, id, std::move(*record), {});
}

// `record` was made from `parent`, as its child number `step.child`.
Status CorpusWalk::pass_on(const PlannedNode& from, std::uint32_t port, const RecordId& parent,
                           Record record, RecordId::Step step) {
  if (end_ == End::behind && from.index == node_) {
    record.set_id(id_of_branch(parent, step, 1));
    arrive(std::move(record));
    return Status();
  }
  const std::vector<std::uint32_t>& edges = from.successors[port];
  if (edges.size() == 1) {
    record.set_id(id_of_branch(parent, step, 1));
    return lead_to(edges.front(), std::move(record));
  }
  for (std::uint32_t edge = 0; edge < edges.size(); ++edge) {
    step.edge = edge;
    Record branch = record.share();
    branch.set_id(id_of_branch(parent, step, edges.size()));
    Status status = lead_to(edges[edge], std::move(branch));
    if (!status.ok()) return status;
  }
  return Status();
}

Status CorpusWalk::lead_to(std::uint32_t node, Record record) {
  if (end_ == End::into && node == node_) {
    arrive(std::move(record));
    return Status();
  }
  const bool is_on_the_way = operators_.contains(node);
  return is_on_the_way ? process(scope_.plan.nodes[node], std::move(record)) : Status();
}

Status CorpusWalk::process(const PlannedNode& node, Record record) {
  const AtWork at_work(node);
  OpenOperator& open = operators_.at(node.index);
  BufferedOutput output(open.names);
  const RecordId parent = record.id();
  const Status status = call_for_record(ThreadWork::here(), node, parent, [&] {
    return open.instance->process(std::move(record), output);
  });
  if (!status.ok()) return status.fault() == Fault::run ? fault_at(node, status) : Status();
  const bool several = output.emissions.size() > 1;
  for (std::uint32_t child = 0; child < output.emissions.size(); ++child) {
    auto& emission = output.emissions[child];
    Status passed =
        pass_on(node, emission.port, parent, std::move(emission.record), {child, 0, several});
    if (!passed.ok()) return passed;
  }
  return Status();
}

void CorpusWalk::arrive(Record record) { arrived_.push_back({family_, std::move(record)}); }

}  // namespace rare::engine
