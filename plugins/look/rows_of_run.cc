#include "rows_of_run.h"

#include <algorithm>
#include <filesystem>

#include "plugins/files/format.h"
#include "plugins/files/output_file.h"
#include "plugins/files/part_names.h"

namespace rare::look {
namespace {

namespace fs = std::filesystem;

bool is_file(const std::string& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// How the rows stand in the file that grows.
std::string format_while_written(const std::string& path, const RunOutput& output) {
  const Result<const files::Format*> found =
      files::find_format(output.format, path, files::Purpose::write);
  if (!found) return output.format;
  files::WriteSettings settings;
  settings.fields = output.fields;
  // A format that is written whole has its rows wait as lines of JSON.
  return files::is_written_whole(**found, settings) ? "jsonl" : (*found)->name;
}

std::uint64_t number_in(const Json& object, const char* key) {
  if (!object.is_object()) return 0;
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<std::uint64_t>() : 0;
}

// `file` while it grows, if it does. `offset`: a token of files.write.
bool take_working_file(RunOutput& output, const std::string& file, const Json& offset) {
  if (!is_file(file + files::kWorkingSuffix)) return false;
  output.file = file + files::kWorkingSuffix;
  output.format = format_while_written(file, output);
  const bool packed = offset.is_object() && offset.contains("packed_bytes");
  output.end = number_in(offset, packed ? "packed_bytes" : "bytes");
  output.note = "what is committed so far";
  if (packed) output.note += "; the last megabyte waits in the state";
  return true;
}

void take_file(RunOutput& output, const std::string& file) {
  std::error_code error;
  if (is_file(file)) {
    output.file = file;
  } else if (fs::is_directory(file, error)) {
    output.note = file + " is a folder: name a file of it with --file";
  } else {
    output.note =
        file + " is not there: ask where the run was started, or name the file with --file";
  }
}

void add_note(RunOutput& output, const std::string& note) {
  output.note += (output.note.empty() ? "" : "; ") + note;
}

// A folder that trainers read: {train: {file: a token of files.write}, validation}.
void find_train_file(RunOutput& output, const Json& offset, bool complete) {
  const fs::path folder(output.path);
  output.format = "jsonl";
  const std::string train = folder / "train.jsonl";
  if (complete || !take_working_file(output, train, offset["train"].value("file", Json()))) {
    take_file(output, train);
  }
  if (const std::string held_out = folder / "validation.jsonl"; is_file(held_out)) {
    add_note(output, "not " + held_out + ", see --file");
  }
}

// One of out-00000.jsonl, out-00001.jsonl and so on.
void find_first_part(RunOutput& output, const Json& offset, bool complete) {
  const files::PartNames names(output.path, true);
  const std::string first = names.name(0);
  const bool grows = !complete && take_working_file(output, first, offset);
  if (!grows) take_file(output, first);
  if (number_in(offset, "part") > 0) output.end.reset();  // the first is full
  const std::string second = names.name(1);
  if (is_file(second) || is_file(second + files::kWorkingSuffix)) {
    add_note(output, "the first of " + names.pattern() + ", see --file");
  }
}

void find_file(RunOutput& output, const Json& offset, bool complete, bool is_divided) {
  if (offset.is_object() && offset.contains("train") && offset["train"].is_object()) {
    find_train_file(output, offset, complete);
  } else if (!complete && take_working_file(output, output.path, offset)) {
    return;
  } else if (is_divided) {
    find_first_part(output, offset, complete);
  } else {
    take_file(output, output.path);
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
    const auto fields = settings.find("nodes." + node + ".with.fields");
    if (fields != settings.end() && fields->is_array()) {
      for (const Json& field : *fields)
        output.fields.push_back(field.is_string() ? field.get<std::string>() : "");
    }
    find_file(output, offset, complete,
              number_in(settings, ("nodes." + node + ".with.max_records_per_file").c_str()) > 0);
    outputs.push_back(std::move(output));
  }
  std::stable_partition(outputs.begin(), outputs.end(),
                        [](const RunOutput& output) { return !output.node.ends_with(".save"); });
  return outputs;
}

}  // namespace rare::look
