#include "route.h"

#include <utility>

namespace rare::basic {
namespace {
constexpr char kOtherwise[] = "otherwise";
}  // namespace

Spec Route::spec() {
  return Spec("basic.route")
      .summary("Leads each record to one of several outputs, by jq expressions.")
      .description(
          "`routes: { long: \".words > 500\", short: \".words < 20\" }` makes the outputs `long` "
          "and "
          "`short`, for `from: NODE.long`, and `otherwise` for records that none of them takes. In "
          "a map a record that two expressions hold for is a dead letter, because a map has no "
          "order; in a list of maps, `[{ long: ... }, { short: ... }]`, the first one takes it. An "
          "expression holds when any value that it gives is neither false nor null.")
      .required_param(&Route::routes_, "routes",
                      "Names of outputs and the jq expression for each: a map, or a list of maps.")
      .ports_param("routes")
      .port(kOtherwise);
}

Status Route::open(Context&) {
  first_wins_ = routes_.is_array();
  if (!first_wins_) return add_ways(routes_);
  for (const Json& map : routes_) {
    const Status status = add_ways(map);
    if (!status.ok()) return status;
  }
  return Status();
}

Status Route::add_ways(const Json& map) {
  if (!map.is_object()) {
    return Status(
        StatusCode::invalid_argument,
        "parameter `routes`: expected a map of names to jq expressions, got " + map.dump());
  }
  for (const auto& [port, expression] : map.items()) {
    if (!expression.is_string()) {
      return Status(StatusCode::invalid_argument,
                    "parameter `routes`: '" + port +
                        "': expected a jq expression, as a text, got " + expression.dump());
    }
    Result<JqProgram> condition = JqProgram::compile("routes." + port, expression);
    if (!condition) return condition.status();
    ways_.push_back({port, std::move(*condition)});
  }
  return Status();
}

Result<const Route::Way*> Route::way_of(const Record& record) {
  const JqInput input(record.fields());
  const Way* found = nullptr;
  for (Way& way : ways_) {
    const Result<bool> holds = way.condition.holds(input);
    if (!holds) return holds.status();
    if (!*holds) continue;
    if (found != nullptr) {
      return Status(StatusCode::invalid_data,
                    "both '" + found->port + "' (" + found->condition.expression() + ") and '" +
                        way.port + "' (" + way.condition.expression() +
                        ") hold: make them exclude each other, or write `routes` as a list, where "
                        "the first one wins");
    }
    found = &way;
    if (first_wins_) break;
  }
  return found;
}

Status Route::process(Record record, Output& out) {
  const Result<const Way*> way = way_of(record);
  if (!way) return way.status();
  return out.emit(*way == nullptr ? std::string_view(kOtherwise) : (*way)->port, std::move(record));
}

}  // namespace rare::basic
