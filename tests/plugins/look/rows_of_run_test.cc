#include "plugins/look/rows_of_run.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "scratch_folder.h"

namespace rare::look {
namespace {

using testing::ScratchFolder;

Json account_of(const std::string& path, const char* status, const Json& offset,
                const Json& fields = nullptr) {
  return {{"status", status},
          {"fingerprint",
           {{"nodes.a.save.with.path", path + ".saved"},
            {"nodes.result.with.path", path},
            {"nodes.result.with.fields", fields},
            {"nodes.result.with.format", "auto"},
            {"nodes.sorted.with.by", "id"}}},
          {"sinks", {{"a.save", offset}, {"result", offset}, {"sorted", {{"bytes", 9}}}}}};
}

TEST_CASE("a run's outputs are its sinks with files, those of save last") {
  const ScratchFolder folder;
  const std::string path = folder / "out.jsonl";
  std::ofstream(path) << "{}\n";
  const auto outputs = outputs_of(account_of(path, "complete", {{"bytes", 3}, {"rows", 1}}));
  REQUIRE(outputs.size() == 2);
  CHECK(outputs[0].node == "result");
  CHECK(outputs[0].file == path);
  CHECK_FALSE(outputs[0].end);
  CHECK(outputs[1].node == "a.save");
  CHECK(outputs[1].file == "");
  CHECK(outputs[1].note.find("is not there") != std::string::npos);
}

TEST_CASE("of a run under way what is committed is read, in the form in which it waits") {
  const ScratchFolder folder;
  struct Case {
    const char *name, *format;
    Json fields;
  };
  for (const auto& [name, format, fields] :
       {Case{"out.jsonl", "jsonl", nullptr}, Case{"out.csv", "jsonl", nullptr},
        Case{"out.csv.gz", "csv", {"a", "b"}}}) {
    const std::string path = folder / name;
    std::ofstream(path + ".part") << "{}\n{}\n";
    Json offset = {{"bytes", 3}, {"rows", 1}};
    if (std::string(name).ends_with(".gz")) offset["packed_bytes"] = 2;
    const auto outputs = outputs_of(account_of(path, "running", offset, fields));
    REQUIRE(outputs.size() == 2);
    CHECK(outputs[0].file == path + ".part");
    CHECK(outputs[0].format == format);
    CHECK(outputs[0].end == (std::string(name).ends_with(".gz") ? 2 : 3));
    CHECK(outputs[0].note.find("committed so far") != std::string::npos);
  }
}

RunOutput output_of(const std::string& path, const char* status, const Json& offset,
                    std::uint64_t rows_per_file) {
  const auto outputs = outputs_of({{"status", status},
                                   {"fingerprint",
                                    {{"nodes.result.with.path", path},
                                     {"nodes.result.with.max_records_per_file", rows_per_file}}},
                                   {"sinks", {{"result", offset}}}});
  REQUIRE(outputs.size() == 1);
  return outputs.front();
}

TEST_CASE("of a folder for trainers the file of the training part is read") {
  const ScratchFolder folder;
  const std::string path = folder / "set";
  std::filesystem::create_directory(path);
  const Json offset = {{"train", {{"file", {{"bytes", 3}, {"rows", 1}}}, {"records", 1}}},
                       {"validation", {{"file", {{"bytes", 0}, {"rows", 0}}}, {"records", 0}}}};
  CHECK(output_of(path, "running", offset, 0).file == "");

  std::ofstream(path + "/train.jsonl.part") << "{}\n{}\n";
  const RunOutput growing = output_of(path, "running", offset, 0);
  CHECK(growing.file == path + "/train.jsonl.part");
  CHECK(growing.end == 3);
  CHECK(growing.format == "jsonl");

  std::filesystem::rename(path + "/train.jsonl.part", path + "/train.jsonl");
  std::ofstream(path + "/validation.jsonl.part") << "{}\n";
  const RunOutput between = output_of(path, "interrupted", offset, 0);
  CHECK(between.file == path + "/train.jsonl");
  CHECK_FALSE(between.end);

  std::filesystem::rename(path + "/validation.jsonl.part", path + "/validation.jsonl");
  const RunOutput complete = output_of(path, "complete", offset, 0);
  CHECK(complete.file == path + "/train.jsonl");
  CHECK(complete.note.find("validation.jsonl, see --file") != std::string::npos);
}

TEST_CASE("of an output of several files the first is read, and the note says so") {
  const ScratchFolder folder;
  const std::string path = folder / "rows.jsonl", first = folder / "rows-00000.jsonl";
  std::ofstream(first + ".part") << "{}\n{}\n";
  const Json begun = {{"bytes", 3}, {"rows", 1}, {"part", 0}, {"bytes_of_earlier_parts", 0}};
  const RunOutput growing = output_of(path, "running", begun, 2);
  CHECK(growing.file == first + ".part");
  CHECK(growing.end == 3);
  std::ofstream(folder / "rows-00001.jsonl.part") << "{}\n";
  const Json later = {{"bytes", 3}, {"rows", 1}, {"part", 1}, {"bytes_of_earlier_parts", 6}};
  const RunOutput full = output_of(path, "running", later, 2);
  CHECK(full.file == first + ".part");
  CHECK_FALSE(full.end);
  CHECK(full.note.find("rows-*.jsonl, see --file") != std::string::npos);
  std::filesystem::rename(first + ".part", first);
  CHECK(output_of(path, "complete", later, 2).file == first);
}

TEST_CASE("of a folder whose files are not known none is read, and the note asks for one") {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder / "table");
  const RunOutput output = output_of(folder / "table", "complete", {{"version", 1}}, 0);
  CHECK(output.file == "");
  CHECK(output.note.find("is a folder: name a file of it with --file") != std::string::npos);
}

}  // namespace
}  // namespace rare::look
