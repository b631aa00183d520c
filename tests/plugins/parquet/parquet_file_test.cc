#include "parquet_file.h"

#include <catch.h>

#include <cstdint>
#include <deque>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plugins/files/waiting_output.h"
#include "scratch_folder.h"

namespace rare::parquet::test {
namespace {

// Writes down what it is given, a line for each row.
class NotedCell final : public CellWriter {
 public:
  NotedCell(const ColumnType& type, std::string& notes) : notes_(notes) {
    for (const NamedType& part : type.parts) parts_.emplace_back(part.type, notes);
  }
  bool add_null() override { return note("null"); }
  bool add_boolean(bool value) override { return note(value ? "true" : "false"); }
  bool add_integer(std::int64_t value) override { return note("i" + std::to_string(value)); }
  bool add_unsigned(std::uint64_t value) override { return note("u" + std::to_string(value)); }
  bool add_number(double value) override { return note("d" + std::to_string(value)); }
  bool add_text(std::string_view value) override { return note("'" + std::string(value) + "'"); }
  bool begin_parts() override { return note("("); }
  bool begin_key(std::string_view key) override { return note(std::string(key) + ":"); }
  CellWriter& part(std::size_t number) override { return parts_[number]; }

 private:
  bool note(const std::string& word) {
    notes_ += word + " ";
    return true;
  }
  std::string& notes_;
  std::deque<NotedCell> parts_;
};

class NotedFile final : public TypedFile {
 public:
  std::optional<FileProblem> open(const std::string& path, const std::vector<NamedType>& columns,
                                  const std::string& compression) override {
    path_ = path;
    for (const NamedType& column : columns) {
      notes_ += column.name + " " + text_of(column.type) + ", ";
      cells_.emplace_back(column.type, notes_);
    }
    notes_ += compression + "\n";
    std::ofstream begun(path_);
    return std::nullopt;
  }
  std::vector<CellWriter*> cells() override {
    std::vector<CellWriter*> cells;
    for (NotedCell& cell : cells_) cells.push_back(&cell);
    return cells;
  }
  std::optional<FileProblem> end_row(std::size_t) override {
    notes_ += "\n";
    return std::nullopt;
  }
  std::optional<FileProblem> close() override {
    std::ofstream(path_) << notes_;
    return std::nullopt;
  }

 private:
  std::string path_, notes_;
  std::deque<NotedCell> cells_;
};

std::unique_ptr<TypedFile> noted_file() { return std::make_unique<NotedFile>(); }

std::unique_ptr<TypedFile> full_disk() {
  class FullDisk final : public TypedFile {
    std::optional<FileProblem> open(const std::string&, const std::vector<NamedType>&,
                                    const std::string&) override {
      return FileProblem{28, "no space"};
    }
    std::vector<CellWriter*> cells() override { return {}; }
    std::optional<FileProblem> end_row(std::size_t) override { return std::nullopt; }
    std::optional<FileProblem> close() override { return std::nullopt; }
  };
  return std::make_unique<FullDisk>();
}

std::string text_in(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Output {
  rare::testing::ScratchFolder folder;
  std::string path = folder / "out.parquet";
  files::WaitingOutput rows;

  explicit Output(files::WriteSettings settings = {}, std::vector<NamedType> declared = {},
                  ParquetFile::MakeFile make = noted_file, files::EarlyFile::Holding holding = {})
      : rows(
            std::make_unique<ParquetFile>(settings, std::move(declared), make),
            [] { return std::unique_ptr<files::RecordReader>(); }, 0, files::kWorkingSuffix,
            holding) {
    REQUIRE(rows.begin(path).ok());
  }
  bool is_written_early() const { return std::ifstream(path + ".copy").good(); }
  Status write(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
      if (Status appended = rows.append(line + "\n"); !appended) return appended;
    }
    return rows.sync().status();
  }
};

}  // namespace

TEST_CASE("rows that wait become the file's, with the columns that all of them have together") {
  Output output;
  REQUIRE(
      output.write({R"({"a":1,"c":{"x":[true,null]}})", R"({"a":-2,"b":"t","c":{"y":0.5}})"}).ok());
  REQUIRE(output.rows.publish_copy().ok());
  const std::string first = text_in(output.path);
  CHECK(first ==
        "a int64, b string, c {x: [bool], y: double}, auto\n"
        "i1 null ( ( true null null \n"
        "i-2 't' ( null d0.500000 \n");
  REQUIRE(output.write({R"({"a":"text","d":18446744073709551615})"}).ok());
  REQUIRE(output.rows.finalise().ok());
  CHECK(text_in(output.path) ==
        "a json, b string, c {x: [bool], y: double}, d uint64, auto\n"
        "'1' null ( ( true null null null \n"
        "'-2' 't' ( null d0.500000 null \n"
        "'\"text\"' null null u18446744073709551615 \n");
  CHECK(output.rows.finalise().ok());
}

TEST_CASE("declared columns are kept, in the order of the fields") {
  files::WriteSettings settings;
  settings.fields = {"b", "a"};
  settings.compression = "gzip";
  const ColumnType map{
      ColumnType::Kind::map, 0, 0, {{"value", {ColumnType::Kind::int64, 0, 0, {}}}}};
  Output output(settings, {{"a", map}, {"b", {}}});
  REQUIRE(output.write({R"({"a":{"k":1,"j":null}})", R"({"b":"x"})", R"({"a":{},"b":"y"})"}).ok());
  REQUIRE(output.rows.finalise().ok());
  CHECK(text_in(output.path) ==
        "b string, a map(int64), gzip\n"
        "null ( k: i1 j: null \n"
        "'x' null \n"
        "'y' ( \n");
}

TEST_CASE("a row that no column holds is not lost in silence") {
  Output output({}, {{"a", {ColumnType::Kind::int64, 0, 0, {}}}});
  REQUIRE(output.write({R"({"a":1})", R"({"a":2,"z":3})"}).ok());
  const Status finished = output.rows.finalise();
  CHECK(finished.fault() == Fault::run);
  CHECK(finished.message().find("the row 1, counted from 0") != std::string::npos);
}

TEST_CASE("rows with ever new fields are refused with what to do about it") {
  Output output;
  std::vector<std::string> lines;
  for (std::size_t i = 0; i < kMaxFileColumns; ++i) {
    lines.push_back("{\"k" + std::to_string(i) + "\":1}");
  }
  REQUIRE(output.write(lines).ok());
  CHECK(output.rows.publish_copy().ok());
  REQUIRE(output.write({R"({"one more":1})"}).ok());
  const Status finished = output.rows.finalise();
  CHECK(finished.fault() == Fault::run);
  CHECK(finished.message().starts_with(output.path +
                                       ": expected rows with at most 4096 different fields"));
  CHECK(finished.message().find("with `fields`, or with a `schema`") != std::string::npos);
  CHECK(finished.message().find("damaged") == std::string::npos);
}

// Begun with the second row, and gone on with at each that follows.
constexpr files::EarlyFile::Holding kEarly{12, 1};

TEST_CASE("while rows say what the first ones say, the file is written as they come") {
  Output output({}, {}, noted_file, kEarly);
  REQUIRE(output.write({R"({"a":1})"}).ok());
  CHECK_FALSE(output.is_written_early());
  REQUIRE(output.write({R"({"a":2,"b":"x"})"}).ok());
  CHECK(output.is_written_early());
  REQUIRE(output.write({R"({"b":"y"})", R"({"a":null})", R"({"b":null,"a":7})"}).ok());
  CHECK(output.is_written_early());
  REQUIRE(output.rows.finalise().ok());
  CHECK(text_in(output.path) ==
        "a int64, b string, auto\ni1 null \ni2 'x' \nnull 'y' \nnull null \ni7 null \n");
  CHECK_FALSE(output.is_written_early());
}

TEST_CASE("a row that says something else of the columns makes another file of all rows") {
  struct Turn {
    const char* row;
    const char* written;
  };
  const Turn turn =
      GENERATE(Turn{R"({"a":2.5})", "a double, auto\ni1 \nd2.500000 \nnull \n"},
               Turn{R"({"a":"t"})", "a json, auto\n'1' \n'\"t\"' \nnull \n"},
               Turn{R"({"a":[]})", "a json, auto\n'1' \n'[]' \nnull \n"},
               Turn{R"({"b":3})", "a int64, b int64, auto\ni1 null \nnull i3 \nnull null \n"});
  Output output({}, {}, noted_file, {1, 1});
  REQUIRE(output.write({R"({"a":1})"}).ok());
  CHECK(output.is_written_early());
  REQUIRE(output.write({turn.row}).ok());
  CHECK_FALSE(output.is_written_early());
  REQUIRE(output.write({R"({"a":null})"}).ok());
  REQUIRE(output.rows.finalise().ok());
  CHECK(text_in(output.path) == turn.written);
}

TEST_CASE("with a schema the file is begun with the first rows and holds whatever fits") {
  const ColumnType number{ColumnType::Kind::float64, 0, 0, {}};
  Output output({}, {{"a", number}, {"b", {}}}, noted_file, {1, 1});
  REQUIRE(output.write({R"({"a":1})", R"({"b":"x"})", R"({"a":0.5})"}).ok());
  CHECK(output.is_written_early());
  REQUIRE(output.rows.finalise().ok());
  CHECK(text_in(output.path) == "a double, b string, auto\ni1 null \nnull 'x' \nd0.500000 null \n");
}

TEST_CASE("a file that was published takes more rows, and one that was begun goes with its start") {
  rare::testing::ScratchFolder folder;
  const std::string path = folder / "out.parquet";
  files::OutputPlace place;
  const auto make = [] {
    return std::make_unique<files::WaitingOutput>(
        std::make_unique<ParquetFile>(files::WriteSettings(), std::vector<NamedType>(), noted_file),
        [] { return std::unique_ptr<files::RecordReader>(); }, 0, files::kWorkingSuffix,
        files::EarlyFile::Holding{1, 1});
  };
  {
    const auto first = make();
    REQUIRE(first->begin(path).ok());
    REQUIRE(first->append("{\"a\":1}\n").ok());
    place = *first->sync();
    REQUIRE(first->publish_copy().ok());
    CHECK(text_in(path) == "a int64, auto\ni1 \n");
    REQUIRE(first->append("{\"a\":2}\n").ok());
    place = *first->sync();
  }
  // As a start leaves it that is killed.
  std::ofstream(path + ".copy") << "half a file";
  const auto second = make();
  REQUIRE(second->resume(path, place).ok());
  CHECK_FALSE(std::ifstream(path + ".copy").good());
  REQUIRE(second->append("{\"a\":3}\n").ok());
  REQUIRE(second->finalise().ok());
  CHECK(text_in(path) == "a int64, auto\ni1 \ni2 \ni3 \n");
}

TEST_CASE("what was written early goes when its rows are not finished") {
  const rare::testing::ScratchFolder folder;
  const std::string path = folder / "out.parquet";
  {
    files::WaitingOutput rows(
        std::make_unique<ParquetFile>(files::WriteSettings(), std::vector<NamedType>(), noted_file),
        [] { return std::unique_ptr<files::RecordReader>(); }, 0, files::kWorkingSuffix, {1, 1});
    REQUIRE(rows.begin(path).ok());
    REQUIRE(rows.append("{\"a\":1}\n").ok());
    REQUIRE(rows.sync().ok());
    CHECK(std::ifstream(path + ".copy").good());
  }
  CHECK_FALSE(std::ifstream(path + ".copy").good());
  CHECK(std::ifstream(path + ".part").good());
}

TEST_CASE("a full disk ends the run in a way that starting again mends") {
  Output output({}, {}, full_disk);
  REQUIRE(output.write({R"({"a":1})"}).ok());
  CHECK(output.rows.finalise().code() == StatusCode::resource_exhausted);
}

}  // namespace rare::parquet::test
