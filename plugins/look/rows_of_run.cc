#include "rows_of_run.h"

#include <algorithm>
#include <filesystem>

#include "plugins/files/format.h"
#include "plugins/files/frame_codec.h"

namespace rare::look {
namespace {

namespace fs = std::filesystem;

bool is_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// How the rows stand in the file that grows.
std::string format_while_written(const std::string& path, const std::string& format) {
  const Result<const files::Format*> found =
      files::find_format(format, path, files::Purpose::write);
  if (!found) return format;
  // A format that is written whole has its rows wait as lines of JSON.
  return (*found)->make_file != nullptr ? "jsonl" : (*found)->name;
}

void find_file(RunOutput& output, const Json& offset, bool complete) {
  const std::string part = output.path + ".part";
  if (!complete && is_file(part)) {
    output.file = part;
    output.format = format_while_written(output.path, output.format);
    const char* key = offset.contains("packed_bytes") ? "packed_bytes" : "bytes";
    output.end = offset.is_object() ? offset.value(key, std::uint64_t{0}) : std::uint64_t{0};
    output.note = "what is committed so far";
    if (offset.contains("packed_bytes")) output.note += "; the last megabyte waits in the state";
    return;
  }
  if (is_file(output.path)) {
    output.file = output.path;
  } else {
    output.note =
        output.path + " is not there: ask where the run was started, or name the file with --file";
  }
}

}  // namespace

std::vector<RunOutput> outputs_of(const Json& account) {
  std::vector<RunOutput> outputs;
  const Json& settings = account.at("fingerprint");
  const bool complete = account.value("status", "") == "complete";
  for (const auto& [node, offset] : account.at("sinks").items()) {
    const auto path = settings.find("nodes." + node + ".with.path");
    if (path == settings.end() || !path->is_string()) continue;  // what a whole-set node took in
    RunOutput output;
    output.node = node;
    output.path = path->get<std::string>();
    const auto format = settings.find("nodes." + node + ".with.format");
    if (format != settings.end() && format->is_string()) output.format = format->get<std::string>();
    find_file(output, offset, complete);
    outputs.push_back(std::move(output));
  }
  std::stable_partition(outputs.begin(), outputs.end(),
                        [](const RunOutput& output) { return !output.node.ends_with(".save"); });
  return outputs;
}

}  // namespace rare::look
