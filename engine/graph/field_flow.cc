#include "engine/graph/field_flow.h"

#include <algorithm>
#include <utility>

#include "engine/config/name_list.h"

namespace rare::engine {
namespace {

std::vector<std::string> resolved(const std::vector<Spec::Field>& fields, const Json& values) {
  std::vector<std::string> names;
  auto add = [&](const Json& value) {
    if (value.is_string() && !value.get<std::string>().empty()) names.push_back(value);
  };
  for (const Spec::Field& field : fields) {
    if (!field.by_param) {
      names.push_back(field.name);
      continue;
    }
    auto value = values.find(field.name);
    if (value == values.end()) continue;
    if (value->is_array()) {
      for (const Json& item : *value) add(item);
    } else {
      add(*value);
    }
  }
  return names;
}

// The node makes the field anew: it neither needs it before nor replaces it.
bool introduces(const PlannedNode& node, const std::string& field) {
  const auto overwrite = node.values.find("overwrite");
  const bool overwrites = overwrite != node.values.end() && *overwrite == true;
  return !overwrites && contains(fields_written(node), field) &&
         !contains(fields_read(node), field);
}

class FieldCheck {
 public:
  FieldCheck(const Plan& plan, Diagnostics& diagnostics)
      : plan_(plan), above_(nodes_above(plan)), diagnostics_(diagnostics) {}

  void run() {
    for (const PlannedNode& node : plan_.nodes) {
      for (const std::string& field : fields_read(node)) check_read(node, field);
      for (const std::string& field : fields_written(node)) check_write(node, field);
    }
  }

 private:
  void check_read(const PlannedNode& node, const std::string& field) {
    for (std::uint32_t above : above_[node.index]) {
      if (plan_.nodes[above].spec().is_reshaping()) return;
      if (contains(fields_written(plan_.nodes[above]), field)) return;
    }
    for (const PlannedNode& writer : plan_.nodes) {
      if (writer.index == node.index || !introduces(writer, field)) continue;
      // The writer gets all that this node gets, and there the field is not yet: it would be an
      // error to write it a second time.
      if (!has_sources_of(writer, node)) continue;
      const bool below = above_[writer.index].contains(node.index);
      diagnostics_.error(
          node.where,
          "node '" + node.name + "': reads field '" + field + "', which no node above it writes",
          "node '" + writer.name + "' " + (below ? "further down" : "on another branch") +
              " writes it (" + writer.where.to_string() + "): " +
              (below ? "change the order" : "read from that branch") + ", or name another field");
      return;
    }
  }

  void check_write(const PlannedNode& node, const std::string& field) {
    if (!introduces(node, field)) return;
    for (std::uint32_t above : above_[node.index]) {
      const PlannedNode& first = plan_.nodes[above];
      if (!contains(fields_written(first), field)) continue;
      if (reshaped_between(first, node)) continue;
      const bool can_overwrite = node.values.contains("overwrite");
      diagnostics_.error(node.where,
                         "node '" + node.name + "': writes field '" + field + "', which node '" +
                             first.name + "' above it writes, too",
                         "first written at " + first.where.to_string() + "; name another field" +
                             (can_overwrite ? ", or set overwrite: true" : ""));
      return;
    }
  }

  // Whether the field may be gone again, or another, by the time it reaches `node`.
  bool reshaped_between(const PlannedNode& first, const PlannedNode& node) const {
    const auto is_between = [&](std::uint32_t index) {
      return plan_.nodes[index].spec().is_reshaping() && above_[index].contains(first.index);
    };
    return std::any_of(above_[node.index].begin(), above_[node.index].end(), is_between);
  }

  std::set<std::uint32_t> sources_of(const PlannedNode& node) const {
    std::set<std::uint32_t> sources;
    for (std::uint32_t above : above_[node.index]) {
      if (plan_.nodes[above].kind() == ComponentKind::source) sources.insert(above);
    }
    return sources;
  }

  bool has_sources_of(const PlannedNode& writer, const PlannedNode& node) const {
    const std::set<std::uint32_t> theirs = sources_of(writer), ours = sources_of(node);
    return std::includes(theirs.begin(), theirs.end(), ours.begin(), ours.end());
  }

  const Plan& plan_;
  std::vector<std::set<std::uint32_t>> above_;
  Diagnostics& diagnostics_;
};

}  // namespace

std::vector<std::string> fields_read(const PlannedNode& node) {
  return resolved(node.spec().reads(), node.values);
}

std::vector<std::string> fields_written(const PlannedNode& node) {
  std::vector<std::string> fields = resolved(node.spec().writes(), node.values);
  for (std::string& field : node.spec().written_given(node.values)) {
    if (!contains(fields, field)) fields.push_back(std::move(field));
  }
  return fields;
}

std::vector<std::set<std::uint32_t>> nodes_above(const Plan& plan) {
  std::vector<std::set<std::uint32_t>> above(plan.nodes.size());
  for (const PlannedNode& node : plan.nodes) {
    for (std::uint32_t input : node.predecessors) {
      above[node.index].insert(input);
      above[node.index].insert(above[input].begin(), above[input].end());
    }
  }
  return above;
}

std::vector<std::set<std::string>> fields_known_after(const Plan& plan) {
  std::vector<std::set<std::string>> known(plan.nodes.size());
  for (const PlannedNode& node : plan.nodes) {
    std::set<std::string>& fields = known[node.index];
    bool first = true;
    for (const std::uint32_t input : node.predecessors) {
      if (std::exchange(first, false)) {
        fields = known[input];
      } else {
        std::erase_if(fields,
                      [&](const std::string& name) { return !known[input].contains(name); });
      }
    }
    if (node.spec().is_reshaping()) {
      fields.clear();
    } else {
      for (std::string& field : fields_read(node)) fields.insert(std::move(field));
    }
    for (std::string& field : fields_written(node)) fields.insert(std::move(field));
  }
  return known;
}

void check_fields(const Plan& plan, Diagnostics& diagnostics) {
  FieldCheck(plan, diagnostics).run();
}

std::vector<std::string> field_notes(const Plan& plan) {
  std::vector<std::string> notes;
  const std::vector<std::set<std::uint32_t>> above = nodes_above(plan);
  for (const PlannedNode& node : plan.nodes) {
    std::vector<std::string> written;
    for (std::uint32_t writer : above[node.index]) {
      for (std::string& field : fields_written(plan.nodes[writer])) {
        written.push_back(std::move(field));
      }
    }
    for (const std::string& field : fields_read(node)) {
      if (contains(written, field)) continue;
      const std::string near = nearest_name(field, written);
      if (near.empty()) continue;
      notes.push_back("node '" + node.name + "' reads field '" + field +
                      "', which only the source can bring; a node above writes '" + near + "'");
    }
  }
  return notes;
}

}  // namespace rare::engine
