#include "plugins/look/rows_of_run.h"

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

Json account_of(const std::string& path, const char* status, const Json& offset) {
  return {{"status", status},
          {"fingerprint",
           {{"nodes.a.save.with.path", path + ".saved"},
            {"nodes.result.with.path", path},
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
  for (const auto& [name, format] :
       {std::pair<const char*, const char*>{"out.jsonl", "jsonl"}, {"out.csv.gz", "csv"}}) {
    const std::string path = folder / name;
    std::ofstream(path + ".part") << "{}\n{}\n";
    Json offset = {{"bytes", 3}, {"rows", 1}};
    if (std::string(name).ends_with(".gz")) offset["packed_bytes"] = 2;
    const auto outputs = outputs_of(account_of(path, "running", offset));
    REQUIRE(outputs.size() == 2);
    CHECK(outputs[0].file == path + ".part");
    CHECK(outputs[0].format == format);
    CHECK(outputs[0].end == (std::string(name).ends_with(".gz") ? 2 : 3));
    CHECK(outputs[0].note.find("committed so far") != std::string::npos);
  }
}

}  // namespace
}  // namespace rare::look
