#include "engine/runtime/labelled_records.h"

#include <optional>

#include "engine/runtime/boundary.h"
#include "engine/runtime/check_environment.h"
#include "engine/runtime/components.h"
#include "engine/runtime/identities.h"

namespace rare::engine {
namespace {

Status search_source(const Plan& plan, const PlannedNode& node, Source& source,
                     const std::string& label, LabelledRecords& found) {
  const std::uint32_t place = origin_place(plan, node);
  for (std::uint64_t ordinal = 0;; ++ordinal) {
    const Result<std::optional<Record>> record = source.next();
    if (!record && record.status().fault() == Fault::run) return record.status();
    if (!record) continue;
    if (!*record) return Status();
    if ((*record)->id().label() != label) continue;
    found.count += 1;
    if (found.ids.size() == kMostIds) continue;
    found.ids.push_back(RecordId(place, id_prefix(place, node), ordinal).to_string());
  }
}

}  // namespace

Result<LabelledRecords> find_labelled(const Plan& plan, const std::string& label,
                                      const std::map<std::string, Json>& inputs) {
  CheckEnvironment environment(plan.config.seed);
  Components components(plan, environment.shared);
  LabelledRecords found;
  Status status = components.open_sources({}, {.identities = inputs});
  for (const std::uint32_t node : components.source_nodes()) {
    if (!status.ok()) break;
    status = at_boundary([&] {
      return search_source(plan, plan.nodes[node], components.source(node), label, found);
    });
  }
  environment.end();
  if (!status.ok()) return status;
  return found;
}

}  // namespace rare::engine
