#include "map.h"

#include <set>

namespace rare::basic {

Spec Map::spec() {
  return Spec("basic.map")
      .summary("Gives a record other fields: by a jq program, or by renaming, selecting, dropping.")
      .description(
          "With `program`, each object that it gives becomes a record: none filters the record, "
          "several make several. jq holds numbers as doubles. A number that stands where the "
          "record "
          "had one equal to it stays as it was, digit for digit; whole numbers elsewhere become "
          "integers; an integer beyond 2^53 that turns up elsewhere makes the record a dead "
          "letter, "
          "because jq may have changed it: use `rename`. Without `program`, first `rename` is "
          "done, "
          "then `select`, then `drop`, by the new names; fields that a record does not have are "
          "passed over.")
      .param(&Map::program_text_, "program", "",
             "The jq program, from the record to one or more objects; excludes the others.")
      .param(&Map::rename_map_, "rename", Json::object(),
             "Old names to new ones, done all at once, so that two fields can change places.")
      .param(&Map::select_, "select", std::vector<std::string>{},
             "The only fields to keep; empty: all.")
      .or_single()
      .param(&Map::drop_, "drop", std::vector<std::string>{}, "Fields to take out.")
      .or_single()
      .param(
          &Map::overwrite_, "overwrite", false,
          "Whether `rename` may replace a field that the record already has, instead of stopping "
          "the run.")
      .reshapes();
}

Status Map::open(Context&) {
  if (program_text_.empty()) return read_rename();
  if (!rename_map_.empty() || !select_.empty() || !drop_.empty()) {
    return Status(
        StatusCode::invalid_argument,
        "`program` excludes `rename`, `select` and `drop`: do all of it in the program, or "
        "use two nodes");
  }
  Result<JqProgram> program = JqProgram::compile("program", program_text_);
  if (!program) return program.status();
  program_ = std::move(*program);
  return Status();
}

Status Map::read_rename() {
  const auto error = [](const std::string& what) {
    return Status(StatusCode::invalid_argument, "parameter `rename`: " + what);
  };
  if (!rename_map_.is_object()) {
    return error("expected a map of old names to new ones, got " + rename_map_.dump());
  }
  std::set<std::string> targets;
  for (const auto& [from, to] : rename_map_.items()) {
    if (!to.is_string() || to.get_ref<const std::string&>().empty()) {
      return error("the new name of '" + from + "': expected a text, got " + to.dump());
    }
    if (!targets.insert(to).second) {
      return error("two fields cannot both become '" + to.get<std::string>() + "'");
    }
    renames_.emplace_back(from, to);
  }
  return Status();
}

Status Map::process(Record record, Output& out) {
  if (program_) return run_program(std::move(record), out);
  if (!renames_.empty()) {
    const Status status = rename(record.mutable_fields());
    if (!status.ok()) return status;
  }
  if (!select_.empty()) {
    Json& fields = record.mutable_fields();
    Json kept = Json::object();
    for (const std::string& name : select_) {
      const auto at = fields.find(name);
      if (at != fields.end()) kept.emplace(name, std::move(*at));
    }
    fields = std::move(kept);
  }
  for (const std::string& name : drop_) {
    if (record.has(name)) record.erase(name);
  }
  return out.emit(std::move(record));
}

Status Map::rename(Json& fields) const {
  std::vector<std::pair<std::string, Json>> moved;
  for (const auto& [from, to] : renames_) {
    const auto at = fields.find(from);
    if (at == fields.end()) continue;
    moved.emplace_back(to, std::move(*at));
    fields.erase(at);
  }
  for (auto& [name, value] : moved) {
    if (!overwrite_ && fields.contains(name)) {
      return Status::run_fault(StatusCode::invalid_argument,
                               "`rename`: the record already has a field '" + name +
                                   "'; choose another name, or allow it to be replaced with "
                                   "`overwrite: true`");
    }
    fields[name] = std::move(value);
  }
  return Status();
}

Status Map::run_program(Record record, Output& out) {
  Result<std::vector<Json>> outputs = program_->run(JqInput(record.fields()));
  if (!outputs) return outputs.status();
  if (outputs->empty()) return out.filter("the program gave nothing");
  for (const Json& fields : *outputs) {
    if (fields.is_object()) continue;
    return Status(StatusCode::invalid_data,
                  "`program` (" + program_->expression() +
                      "): expected an object, which becomes the record, got " +
                      (fields.is_null() ? "null" : std::string(fields.type_name())) +
                      "; write { name: VALUE, ... }, or `. + { ... }` to keep the other fields");
  }
  const RecordId id = record.id();
  for (Json& fields : *outputs) {
    const Status status = out.emit(Record(std::move(fields), id));
    if (!status.ok()) return status;
  }
  return Status();
}

}  // namespace rare::basic
