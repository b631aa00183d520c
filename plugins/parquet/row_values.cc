#include "row_values.h"

#include <cstddef>
#include <string>

namespace rare::parquet {
namespace {

using Kind = ColumnType::Kind;
using simdjson::dom::element_type;

bool add_value(simdjson::dom::element value, const ColumnType& type, CellWriter& cell);

// Both sides nearly always come in the same order.
template <class GiveCell>
bool add_fields(simdjson::dom::object object, const std::vector<NamedType>& types,
                const GiveCell& cell_of) {
  std::size_t found = 0;
  auto next = object.begin();
  const auto end = object.end();
  for (std::size_t i = 0; i < types.size(); ++i) {
    simdjson::dom::element value;
    bool is_there = next != end && next.key() == types[i].name;
    if (is_there) {
      value = next.value();
      ++next;
    } else {
      is_there = object.at_key(types[i].name).get(value) == simdjson::SUCCESS;
    }
    found += is_there ? 1 : 0;
    CellWriter& cell = cell_of(i);
    if (!(is_there ? add_value(value, types[i].type, cell) : cell.add_null())) return false;
  }
  return found == object.size();
}

bool add_list(simdjson::dom::array items, const ColumnType& type, CellWriter& cell) {
  if (type.kind != Kind::list || !cell.begin_parts()) return false;
  CellWriter& part = cell.part(0);
  for (const simdjson::dom::element item : items) {
    if (!add_value(item, type.parts[0].type, part)) return false;
  }
  return true;
}

bool add_object(simdjson::dom::object object, const ColumnType& type, CellWriter& cell) {
  const bool is_map = type.kind == Kind::map;
  if ((!is_map && type.kind != Kind::structure) || !cell.begin_parts()) return false;
  if (!is_map) {
    return add_fields(object, type.parts,
                      [&cell](std::size_t i) -> CellWriter& { return cell.part(i); });
  }
  CellWriter& part = cell.part(0);
  for (const simdjson::dom::key_value_pair field : object) {
    if (!cell.begin_key(field.key) || !add_value(field.value, type.parts[0].type, part)) {
      return false;
    }
  }
  return true;
}

bool add_value(simdjson::dom::element value, const ColumnType& type, CellWriter& cell) {
  const element_type came = value.type();
  if (came == element_type::NULL_VALUE) return cell.add_null();
  if (type.kind == Kind::json) return cell.add_text(simdjson::minify(value));
  switch (came) {
    case element_type::BOOL:
      return cell.add_boolean(value.get_bool().value_unsafe());
    case element_type::INT64:
      return cell.add_integer(value.get_int64().value_unsafe());
    case element_type::UINT64:
      return cell.add_unsigned(value.get_uint64().value_unsafe());
    case element_type::DOUBLE:
      return cell.add_number(value.get_double().value_unsafe());
    case element_type::STRING:
      return cell.add_text(value.get_string().value_unsafe());
    case element_type::ARRAY:
      return add_list(value.get_array().value_unsafe(), type, cell);
    case element_type::OBJECT:
      return add_object(value.get_object().value_unsafe(), type, cell);
    default:
      return false;
  }
}

}  // namespace

bool add_row(simdjson::dom::object row, const std::vector<NamedType>& columns,
             const std::vector<CellWriter*>& cells) {
  return add_fields(row, columns, [&cells](std::size_t i) -> CellWriter& { return *cells[i]; });
}

}  // namespace rare::parquet
