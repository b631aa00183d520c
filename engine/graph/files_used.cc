#include "engine/graph/files_used.h"

#include <fnmatch.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace rare::engine {
namespace {

namespace fs = std::filesystem;

using Users = std::map<std::string, std::string>;  // who uses a file, by its path

std::string comparable(const std::string& path) {
  std::string text = fs::absolute(path).lexically_normal().string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

bool lies_in(const std::string& path, const std::string& folder) {
  return path.starts_with(folder + "/");
}

// Whether a later look for `input` may find what a sink writes to `output`, or to it under the
// names that it has while it is written.
bool may_find(const std::string& input, const std::string& output) {
  if (lies_in(output, input) || lies_in(input, output)) return true;
  const auto matches = [&](const char* suffix) {
    return fnmatch(input.c_str(), (output + suffix).c_str(), FNM_PATHNAME) == 0;
  };
  return matches("") || matches(".part") || matches(".copy");
}

// Files whose names differ in a number.
struct NumberedFiles {
  std::string before, behind;

  static bool is_number(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
  }
  bool begin_may_be(std::string_view text) const {
    if (before.starts_with(text)) return true;
    return text.starts_with(before) && is_number(text.substr(before.size()));
  }
  bool end_may_be(std::string_view text) const {
    if (behind.ends_with(text)) return true;
    return text.ends_with(behind) && is_number(text.substr(0, text.size() - behind.size()));
  }
  bool has(std::string_view path) const {
    if (!path.starts_with(before)) return false;
    path.remove_prefix(before.size());
    return path.size() > behind.size() && end_may_be(path);
  }
  // Of a pattern, what stands before and behind all that it leaves open is compared.
  bool may_be(const std::string& input) const {
    if (lies_in(before, input) || has(input)) return true;
    const std::size_t open = input.find_first_of("*?[");
    if (open == std::string::npos) return false;
    const std::string_view text = input;
    return std::count(text.begin(), text.end(), '/') ==
               std::count(before.begin(), before.end(), '/') &&
           begin_may_be(text.substr(0, open)) &&
           end_may_be(text.substr(text.find_last_of("*?]") + 1));
  }
};

// Calls use(path) for each path among `value`, a text or a list of them.
template <class Use>
void for_each_path(const Json& value, Use use) {
  if (value.is_string() && !value.get_ref<const std::string&>().empty()) {
    use(value.get_ref<const std::string&>());
  } else if (value.is_array()) {
    for (const Json& item : value) for_each_path(item, use);
  }
}

void collect_inputs(const Spec& spec, const Json& values, const std::string& who, Users& readers) {
  for (const ParamSpec& param : spec.params()) {
    if (param.role != TextRole::input_path && param.role != TextRole::file_or_name) continue;
    for_each_path(values.at(param.name),
                  [&](const std::string& path) { readers.emplace(comparable(path), who); });
  }
}

std::string named(const PlannedNode& node) { return "node '" + node.name + "'"; }

Users readers_of(const Plan& plan) {
  Users readers;
  for (const PlannedNode& node : plan.nodes) {
    collect_inputs(node.spec(), node.values, named(node), readers);
  }
  for (const PlannedService& service : plan.services) {
    collect_inputs(service.use->component.spec, service.values, "service '" + service.name + "'",
                   readers);
  }
  return readers;
}

// Calls use(param, path) for each path that the sink writes to.
template <class Use>
void for_each_output(const PlannedNode& sink, Use use) {
  if (sink.kind() != ComponentKind::sink) return;
  for (const ParamSpec& param : sink.spec().params()) {
    if (param.role != TextRole::output_path) continue;
    for_each_path(sink.values.at(param.name), [&](const std::string& path) { use(param, path); });
  }
}

}  // namespace

void check_files(const Plan& plan, Diagnostics& diagnostics) {
  const Users readers = readers_of(plan);
  Users growing, writers;
  for (const PlannedNode& node : plan.nodes) {
    if (node.grows()) collect_inputs(node.spec(), node.values, named(node), growing);
  }
  for (const PlannedNode& node : plan.nodes) {
    for_each_output(node, [&](const ParamSpec& param, const std::string& path) {
      const std::string prefix = named(node) + ": " + param.name + ": '" + path + "' ";
      const std::string output = comparable(path);
      const auto [other, is_new] = writers.emplace(output, named(node));
      if (!is_new) {
        diagnostics.error(
            node.where, prefix + "is written by " + other->second + ", too",
            "give each sink a file of its own, or one sink both inputs: from: [A, B]");
      }
      if (const auto reader = readers.find(output); reader != readers.end()) {
        diagnostics.error(node.where, prefix + "is read by " + reader->second,
                          "write to another file: the input would be replaced");
        return;
      }
      for (const auto& [input, who] : growing) {
        if (!may_find(input, output)) continue;
        diagnostics.error(node.where,
                          prefix + "lies where " + who + " looks for more input ('" + input + "')",
                          "write to another folder: a run that goes on would read what it wrote");
        return;
      }
    });
  }
}

Status check_numbered_files(const Plan& plan, const PlannedNode& sink,
                            const std::string& location) {
  const std::string pattern = comparable(location);
  const std::size_t number = pattern.rfind('*');
  if (number == std::string::npos) return Status();
  const NumberedFiles files{pattern.substr(0, number), pattern.substr(number + 1)};
  const auto refused = [&](const std::string& what, const char* hint) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        "the files '" + location + "' that it writes may be " + what + "; " + hint);
  };
  for (const auto& [input, who] : readers_of(plan)) {
    if (!files.may_be(input)) continue;
    return refused("what " + who + " reads ('" + input + "')",
                   "write to another folder: the input would be replaced");
  }
  Status status;
  for (const PlannedNode& node : plan.nodes) {
    if (node.index == sink.index) continue;
    for_each_output(node, [&](const ParamSpec&, const std::string& path) {
      if (!files.has(comparable(path))) return;
      status = refused("what " + named(node) + " writes ('" + path + "')",
                       "give each sink files of its own");
    });
  }
  return status;
}

}  // namespace rare::engine
