// Pipeline files and --set options of any bytes: an answer or an error that a terminal can be
// given, in bounded time, and what is read can be merged, filled in and typed.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/config/overlay.h"
#include "engine/config/pipeline_keys.h"
#include "engine/config/pipeline_typing.h"
#include "engine/config/substitution.h"
#include "engine/config/yaml_reader.h"
#include "engine/text/utf8.h"

namespace {

using namespace rare::engine;

void expect(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

void check_messages(const Diagnostics& diagnostics) {
  const std::string text = diagnostics.to_string();
  expect(text.empty() == diagnostics.ok(), "there is a text exactly when there are errors");
  expect(find_non_text(text) == std::string::npos, "messages are text");
}

// As a file, put over itself as an overlay, and typed.
void read_as_file(const std::string& text) {
  Diagnostics diagnostics;
  std::optional<ConfigValue> value = read_yaml(text, "p.yaml", "folder", diagnostics);
  expect(value || !diagnostics.ok(), "nothing is read without an error");
  if (value) {
    ConfigValue overlay = *value;
    check_shape(*value, FileRole::pipeline, diagnostics);
    check_shape(overlay, FileRole::overlay, diagnostics);
    NodesAbove nodes;
    if (value->kind == ConfigValue::Kind::map) {
      record_nodes_above(*value, nodes);
      apply_overlay(*value, std::move(overlay), nodes);
      substitute_variables(*value, diagnostics);
      type_pipeline(*value, nodes, "p.yaml", diagnostics);
    }
    value->to_json().dump();
  }
  check_messages(diagnostics);
}

void read_as_setting(const std::string& text) {
  constexpr const char* kBase =
      "services: { s: { use: x, with: { a: 1 } } }\n"
      "nodes: [{ name: a, use: x, with: { b: [1, 2] } }, { name: b, use: y }]\n";
  Diagnostics diagnostics;
  std::optional<ConfigValue> base = read_yaml(kBase, "p.yaml", "", diagnostics);
  check_shape(*base, FileRole::pipeline, diagnostics);
  NodesAbove nodes;
  record_nodes_above(*base, nodes);
  apply_setting(*base, text, nodes, diagnostics);
  substitute_variables(*base, diagnostics);
  type_pipeline(*base, nodes, "p.yaml", diagnostics);
  check_messages(diagnostics);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  read_as_file(text);
  read_as_setting(text);
  read_as_setting("nodes.a.with.b=" + text);
  return 0;
}
