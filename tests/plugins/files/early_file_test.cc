// A file that is written while its rows come: whatever goes wrong there ends in giving it up.
#include "early_file.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>

#include "catch.h"
#include "csv_file.h"
#include "scratch_folder.h"
#include "waiting_output.h"

namespace rare::files::test {
namespace {

// Writes down what is asked of it, and refuses one call.
class AskedFile final : public WholeFile {
 public:
  explicit AskedFile(std::string refused = "") : refused_(std::move(refused)) {}
  bool surveys() const override { return true; }
  Status survey(std::string_view row) override { return asked("survey " + std::string(row)); }
  Status open(const std::string& path) override {
    std::ofstream begun(path);
    return asked("open");
  }
  Status add(std::string_view row) override { return asked("add " + std::string(row)); }
  Result<bool> survey_and_add(std::string_view row) override {
    return asked("both " + std::string(row)) ? row != "other" : Result<bool>(refusal());
  }
  Status close() override { return asked("close"); }
  void forget() override { calls += "forget;"; }

  std::string calls;

 private:
  static Status refusal() { return Status::run_fault(StatusCode::resource_exhausted, "no"); }
  Status asked(const std::string& call) {
    calls += call + ";";
    return call == refused_ ? refusal() : Status();
  }
  std::string refused_;
};

constexpr EarlyFile::Holding kTwoRows{4, 2};

}  // namespace

TEST_CASE("the first rows are looked at before they are written, later ones as they are") {
  const rare::testing::ScratchFolder folder;
  AskedFile file;
  EarlyFile early(file, kTwoRows);
  early.begin(folder / "copy");
  early.take("a\n");
  CHECK(file.calls.empty());
  early.take("b\n");
  early.take("c\n");
  CHECK(early.finish(3));
  CHECK(file.calls == "survey a;survey b;open;add a;add b;both c;close;forget;");
  CHECK(std::filesystem::exists(folder / "copy"));
  early.take("d\n");
  CHECK_FALSE(early.finish(4));
  CHECK(std::filesystem::exists(folder / "copy"));
}

TEST_CASE("a call that is refused gives the file up") {
  const std::string refused =
      GENERATE("survey b", "open", "add b", "both c", "close", "other row", "another count");
  const rare::testing::ScratchFolder folder;
  AskedFile file(refused);
  EarlyFile early(file, kTwoRows);
  early.begin(folder / "copy");
  for (const char* row : {"a\n", "b\n", "c\n"}) early.take(row);
  if (refused == "other row") early.take("other\n");
  const std::uint64_t count = refused == "other row" || refused == "another count" ? 4 : 3;
  CHECK_FALSE(early.finish(count));
  CHECK(file.calls.ends_with("forget;"));
  CHECK_FALSE(std::filesystem::exists(folder / "copy"));
}

TEST_CASE("few rows make no early file, and what stands in its place goes") {
  const rare::testing::ScratchFolder folder;
  std::ofstream(folder / "copy") << "of an earlier start";
  AskedFile file;
  EarlyFile early(file, {});
  early.begin(folder / "copy");
  CHECK_FALSE(std::filesystem::exists(folder / "copy"));
  early.take("a\n");
  CHECK_FALSE(early.finish(1));
  CHECK(file.calls == "forget;");
}

TEST_CASE("a field that comes late is a column of CSV, and nothing is left beside the file") {
  const bool is_late = GENERATE(false, true);
  const rare::testing::ScratchFolder folder;
  const std::string path = folder / "rows.csv";
  // What a start that was killed has left.
  std::ofstream(path + ".copy") << "of an earlier start";
  WaitingOutput output(std::make_unique<CsvFile>(',', Compression::none), nullptr, 0,
                       kWorkingSuffix, kTwoRows);
  REQUIRE(output.begin(path).ok());
  REQUIRE(output.append("{\"a\":1,\"b\":2}\n").ok());
  REQUIRE(output.sync().ok());  // which waits for what is written beside
  CHECK(std::filesystem::exists(path + ".copy"));
  REQUIRE(output.append("{\"b\":3}\n").ok());
  if (is_late) REQUIRE(output.append("{\"a\":4,\"late\":5}\n").ok());
  REQUIRE(output.sync().ok());
  CHECK(std::filesystem::exists(path + ".copy") == !is_late);
  const rare::Status finalised = output.finalise();
  INFO(finalised.message());
  REQUIRE(finalised.ok());
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  CHECK(text.str() == (is_late ? "a,b,late\n1,2,\n,3,\n4,,5\n" : "a,b\n1,2\n,3\n"));
  const auto files = std::filesystem::directory_iterator(std::filesystem::path(path).parent_path());
  CHECK(std::distance(begin(files), end(files)) == 1);
}

}  // namespace rare::files::test
