#include "plugins/bm25/index_builder.h"

#include <fstream>
#include <string>
#include <vector>

#include "catch.h"
#include "file_size_limit.h"
#include "fixtures.h"
#include "index_fixture.h"

namespace rare::bm25 {
namespace {

using testing::build_index;
using testing::contains;
using testing::random_text;
using testing::settings_for;
using testing::TestIndex;

std::vector<std::string> texts_of(std::size_t count) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < count; ++i) {
    texts.push_back(i % 31 == 5 ? "" : random_text(i, i % 60, 20'000));
  }
  return texts;
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::size_t files_in(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator files(folder);
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

TEST_CASE("One thread or eight, in memory or spilled: the same bytes") {
  const std::vector<std::string> texts = texts_of(5'000);
  BuildSettings settings = settings_for("whitespace");
  settings.window_documents = 1024;
  const rare::testing::ScratchFolder folder;
  const std::string expected = bytes_of(build_index(folder.path(), texts, settings));
  CHECK(expected.size() > 1'000'000);
  for (const std::uint64_t limit :
       {std::uint64_t{1}, std::uint64_t{2'000'000}, std::uint64_t{1} << 40}) {
    for (const int threads : {1, 2, 8}) {
      settings.memory_limit_bytes = limit;
      settings.threads = threads;
      INFO(threads << " threads, " << limit << " bytes");
      CHECK(bytes_of(build_index(folder.path(), texts, settings)) == expected);
    }
  }
  CHECK(files_in(folder.path()) == 1);
}

TEST_CASE("A compact index is smaller, and the same however it is built") {
  const std::vector<std::string> texts = texts_of(2'000);
  BuildSettings settings = settings_for("whitespace");
  settings.window_documents = 512;
  const rare::testing::ScratchFolder folder;
  const std::string whole = bytes_of(build_index(folder.path(), texts, settings));
  settings.compact = true;
  const std::string compact = bytes_of(build_index(folder.path(), texts, settings));
  CHECK(compact.size() < whole.size());
  settings.threads = 4;
  settings.memory_limit_bytes = 1;
  CHECK(bytes_of(build_index(folder.path(), texts, settings)) == compact);
  CHECK(files_in(folder.path()) == 1);
  const TestIndex index(texts, settings);
  CHECK(index.file().header().compact());
  CHECK(index.file().header().rows == 0);
  for (const Section section : {Section::documents, Section::document_starts, Section::rows}) {
    CHECK(index.file().section(section).empty());
  }
}

TEST_CASE("An index for another k1 and b is the one that would be built") {
  const std::vector<std::string> texts = texts_of(2'000);
  BuildSettings settings = settings_for("whitespace", {1.2F, 0.75F});
  settings.window_documents = 512;
  const TestIndex index(texts, settings);
  settings.parameters = {0.9F, 0.4F};
  const rare::testing::ScratchFolder folder;
  const std::filesystem::path remade = folder / "remade.index";
  REQUIRE(remake_index(index.file(), settings, remade).ok());
  const auto opened = IndexFile::open(remade, IndexFile::Check::all);
  REQUIRE(opened.ok());
  CHECK((*opened)->header().parameters.k1 == 0.9F);
  const TestIndex expected(texts, settings);
  for (std::size_t i = 0; i < kSectionCount; ++i) {
    const auto section = static_cast<Section>(i);
    const auto left = (*opened)->section(section);
    const auto right = expected.file().section(section);
    INFO("section " << i);
    CHECK(std::equal(left.begin(), left.end(), right.begin(), right.end()));
  }
}

TEST_CASE("A build that is stopped or dropped leaves no file") {
  const rare::testing::ScratchFolder folder;
  BuildSettings settings = settings_for("whitespace");
  settings.threads = 2;
  {
    auto dropped = IndexBuilder::make(folder.path(), settings);
    REQUIRE(dropped.ok());
    for (const std::string& text : texts_of(1'000)) REQUIRE((*dropped)->add(text).ok());
    CHECK(files_in(folder.path()) == 1);  // in the making
  }
  CHECK(files_in(folder.path()) == 0);
  settings.stopped = [] { return true; };
  auto stopped = IndexBuilder::make(folder.path(), settings);
  REQUIRE(stopped.ok());
  REQUIRE((*stopped)->add("a").ok());
  CHECK((*stopped)->finish(folder / "x.index").code() == StatusCode::cancelled);
  stopped = Status::cancelled();
  CHECK(files_in(folder.path()) == 0);
}

TEST_CASE("What a killed build left is removed by the next one; what another makes is not") {
  const rare::testing::ScratchFolder folder;
  std::ofstream(folder / ".building-killed") << "half an index";
  auto other = IndexBuilder::make(folder.path(), settings_for("whitespace"));
  REQUIRE(other.ok());
  CHECK_FALSE(std::filesystem::exists(folder / ".building-killed"));
  build_index(folder.path(), {"a b"}, settings_for("whitespace"));
  REQUIRE((*other)->add("a").ok());
  CHECK((*other)->finish(folder / "other.index").ok());
}

TEST_CASE("A file that cannot grow is an error that names it, wherever that happens") {
  const std::vector<std::string> texts = texts_of(500);
  const std::uintmax_t whole = std::filesystem::file_size(TestIndex(texts).path());
  for (std::uintmax_t bytes = 1'000; bytes < whole; bytes += whole / 12) {
    const rare::testing::ScratchFolder folder;
    const rare::testing::FileSizeLimit limit(bytes);
    auto builder = IndexBuilder::make(folder.path(), settings_for("whitespace"));
    Status status = builder.status();
    for (const std::string& text : texts) {
      if (status.ok()) status = (*builder)->add(text);
    }
    if (status.ok()) status = (*builder)->finish(folder / "x.index");
    INFO(bytes << " of " << whole << " bytes: " << status.message());
    CHECK_FALSE(status.ok());
    CHECK(contains(status.message(), folder.path()));
    CHECK_FALSE(std::filesystem::exists(folder / "x.index"));
  }
}

TEST_CASE("Runs that cannot be spilled are an error that names the folder") {
  const rare::testing::ScratchFolder folder;
  BuildSettings settings = settings_for("whitespace");
  settings.memory_limit_bytes = 1;
  auto builder = IndexBuilder::make(folder.path(), settings);
  const rare::testing::FileSizeLimit limit(1'000);
  Status status;
  for (const std::string& text : texts_of(2'000)) {
    if (status.ok()) status = (*builder)->add(text);
  }
  CHECK_FALSE(status.ok());
  CHECK(contains(status.message(), folder.path()));
}

TEST_CASE("A folder that cannot be made is an error that names it") {
  const rare::testing::ScratchFolder folder;
  std::ofstream(folder / "file") << "x";
  const auto builder = IndexBuilder::make(folder / "file/below", settings_for("whitespace"));
  REQUIRE_FALSE(builder.ok());
  CHECK(contains(builder.status().message(), folder / "file/below"));
}

TEST_CASE("A long text and long tokens are indexed") {
  std::string text(std::size_t{3} << 20, 'x');
  for (std::size_t i = 0; i < text.size(); i += 10'000) text[i] = ' ';
  const TestIndex index({text, "xx " + std::string(10'000, 'y')});
  CHECK(index.file().text(0) == text);
  CHECK(index.search(std::string(255, 'y'), 5).size() == 1);
}

}  // namespace
}  // namespace rare::bm25
