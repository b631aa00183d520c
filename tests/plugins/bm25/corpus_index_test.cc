#include "plugins/bm25/corpus_index.h"

#include <fstream>
#include <string>
#include <vector>

#include "catch.h"
#include "fixtures.h"
#include "index_fixture.h"
#include "list_stream.h"
#include "plugins/bm25/analyzer.h"

namespace rare::bm25 {
namespace {

using testing::contains;
using testing::ListStream;

// A folder of indexes, and what was read and said on the way.
struct Folder {
  Folder() {
    settings.field = "text";
    settings.analyzer = "english";
    settings.folder = folder.path();
    settings.memory_limit_bytes = 1 << 20;
    settings.threads = 2;
  }
  Result<std::unique_ptr<const IndexFile>> index(const std::vector<Json>& rows) {
    reads = 1;
    messages.clear();
    const auto open = [&] { return std::make_unique<ListStream>(rows); };
    return index_of_corpus(
        open(),
        [&] {
          ++reads;
          return Result<std::unique_ptr<RecordStream>>(open());
        },
        settings, [] { return false; },
        [&](LogLevel, std::string_view message) { messages += std::string(message) + "\n"; },
        progress);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path())) {
      found.push_back(entry.path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }

  rare::testing::ScratchFolder folder;
  CorpusSettings settings;
  BuildProgress progress;
  int reads = 0;
  std::string messages;
};

const std::vector<Json> kCats = {{{"text", "A cat sat."}}, {{"text", 7}}, {{"text", "Dogs bark."}}};
const std::vector<Json> kFish = {{{"text", "Fish swim."}}};

TEST_CASE("A corpus with much Han text under english is warned about, once") {
  const std::vector<Json> han = {{{"text", "我喜欢猫和狗"}},
                                 {{"text", "twenty-nine letters, in English"}}};
  const auto warnings = [](const std::string& messages) {
    std::size_t count = 0;
    for (std::size_t at = messages.find("analyzer: cjk"); at != std::string::npos;
         at = messages.find("analyzer: cjk", at + 1)) {
      ++count;
    }
    return count;
  };
  Folder folder;
  REQUIRE(folder.index(kCats).ok());
  CHECK(folder.messages == "");
  std::vector<Json> much = han;
  much.push_back({{"text", "再来三个字"}});
  REQUIRE(folder.index(much).ok());  // read twice: for its digest, and to be built
  CHECK(folder.reads == 2);
  CHECK(warnings(folder.messages) == 1);
  CHECK(contains(folder.messages, "29% of the corpus is Han characters"));
  REQUIRE(folder.index(han).ok());
  CHECK(warnings(folder.messages) == 0);  // 6 of 32 characters: less than a fifth
  folder.settings.analyzer = "cjk";
  REQUIRE(folder.index(much).ok());
  CHECK(folder.messages == "");
}

TEST_CASE("An index of another analyzer, or of another version of its library, is never taken") {
  Folder folder;
  std::vector<std::string> names;
  for (const char* analyzer : {"english", "standard", "cjk", "icu_english", "icu_german"}) {
    INFO(analyzer);
    folder.settings.analyzer = analyzer;
    const auto index = folder.index(kCats);
    REQUIRE(index.ok());
    CHECK((*index)->analyzer() == analyzer_key(analyzer));
    CHECK(folder.reads == 1);
    names.push_back(index_name(folder.settings, (*index)->header().corpus));
  }
  std::sort(names.begin(), names.end());
  CHECK(folder.names() == names);
}

TEST_CASE("The first index of a folder is built while the corpus is read once") {
  Folder folder;
  const auto index = folder.index(kCats);
  REQUIRE(index.ok());
  CHECK(folder.reads == 1);
  CHECK((*index)->header().records == 3);
  CHECK((*index)->header().documents == 2);
  CHECK(folder.progress.records == 3);
  CHECK(folder.progress.skipped == 1);
  REQUIRE(folder.names().size() == 1);
  CHECK(folder.names()[0] == index_name(folder.settings, (*index)->header().corpus));
  CHECK(contains(folder.names()[0], "-0.9-0.4-v2.index"));
}

TEST_CASE("The same texts and settings find their index; other ones make their own") {
  Folder folder;
  REQUIRE(folder.index(kCats).ok());
  const auto time = std::filesystem::last_write_time(folder.folder / folder.names()[0]);
  REQUIRE(folder.index(kCats).ok());
  CHECK(folder.reads == 1);
  CHECK(folder.names().size() == 1);
  CHECK(std::filesystem::last_write_time(folder.folder / folder.names()[0]) == time);

  const auto fish = folder.index(kFish);
  REQUIRE(fish.ok());
  CHECK(folder.reads == 2);
  CHECK((*fish)->text(0) == "Fish swim.");
  CHECK(folder.names().size() == 2);
  folder.settings.analyzer = "standard";
  REQUIRE(folder.index(kFish).ok());
  CHECK(folder.reads == 1);
  CHECK(folder.names().size() == 3);
}

TEST_CASE("Where one text ends and the next begins is part of the corpus") {
  Folder folder;
  REQUIRE(folder.index({{{"text", "ab"}}, {{"text", "c"}}}).ok());
  REQUIRE(folder.index({{{"text", "a"}}, {{"text", "bc"}}}).ok());
  REQUIRE(folder.index({{{"text", "ab"}}, {{"text", "c"}}, Json::object()}).ok());
  CHECK(folder.names().size() == 3);
}

TEST_CASE("Ids are kept, and are part of the corpus where records have them") {
  Folder folder;
  folder.settings.id_field = "id";
  const auto index = folder.index({{{"id", "a"}, {"text", "cat"}},
                                   {{"id", 12}, {"text", "dog"}},
                                   {{"id", 1.5}, {"text", "cow"}},
                                   {{"id", std::string(300, 'i')}, {"text", "hen"}},
                                   {{"id", "only"}}});
  REQUIRE(index.ok());
  CHECK((*index)->id(0) == "a");
  CHECK((*index)->id(1) == "12");
  CHECK((*index)->id(2) == "");
  CHECK((*index)->id(3) == std::string(300, 'i'));
  CHECK((*index)->text(3) == "hen");
  CHECK((*index)->id(4) == "only");
  CHECK((*index)->text(4) == "");
  REQUIRE(folder.index(kFish).ok());
  REQUIRE(folder.index({{{"id", "a"}, {"text", "Fish swim."}}}).ok());
  REQUIRE(folder.index({{{"id", "b"}, {"text", "Fish swim."}}}).ok());
  CHECK(folder.names().size() == 4);
  folder.settings.id_field = "";
  REQUIRE(folder.index({{{"id", "a"}, {"text", "Fish swim."}}}).ok());
  CHECK(folder.names().size() == 4);  // that of kFish
}

TEST_CASE("Another k1, b or scoring is remade from the index that is there") {
  Folder folder;
  REQUIRE(folder.index(kCats).ok());
  folder.settings.parameters = {1.2F, 0.75F};
  const auto index = folder.index(kCats);
  REQUIRE(index.ok());
  CHECK(folder.reads == 1);
  CHECK(contains(folder.messages, "remade for another k1, b or scoring"));
  CHECK((*index)->header().parameters.b == 0.75F);
  CHECK(folder.names().size() == 2);
  folder.settings.scoring = Scoring::reference;
  const auto reference = folder.index(kCats);
  REQUIRE(reference.ok());
  CHECK(contains(folder.messages, "remade for another k1, b or scoring"));
  CHECK((*reference)->header().scoring() == Scoring::reference);
  CHECK(contains(folder.names()[1], "-1.2-0.75-reference-v2.index"));
  REQUIRE(folder.index(kCats).ok());
  CHECK(folder.messages == "");
}

TEST_CASE("A compact index stands beside the other one, and is built anew for another k1") {
  Folder folder;
  REQUIRE(folder.index(kCats).ok());
  folder.settings.compact = true;
  REQUIRE(folder.index(kCats).ok());
  CHECK(folder.reads == 2);
  CHECK(folder.names().size() == 2);
  CHECK(contains(folder.names()[0], "-0.9-0.4-compact-v2.index"));
  REQUIRE(folder.index(kCats).ok());
  CHECK(folder.reads == 1);
  folder.settings.parameters = {1.2F, 0.75F};
  REQUIRE(folder.index(kCats).ok());
  CHECK(folder.reads == 2);
  CHECK_FALSE(contains(folder.messages, "remade"));
  CHECK(folder.names().size() == 3);
}

TEST_CASE("A damaged index is built anew, with a warning") {
  Folder folder;
  REQUIRE(folder.index(kCats).ok());
  const std::string path = folder.folder / folder.names()[0];
  std::filesystem::resize_file(path, std::filesystem::file_size(path) - 100);
  REQUIRE(folder.index(kCats).ok());
  CHECK(folder.reads == 2);
  CHECK(contains(folder.messages, path));
  CHECK(contains(folder.messages, "cut short"));
  REQUIRE(folder.index(kCats).ok());
  CHECK(folder.reads == 1);
  CHECK(folder.messages.empty());
}

TEST_CASE("A corpus that changes while it is read gets the index of what was indexed") {
  Folder folder;
  REQUIRE(folder.index(kFish).ok());
  folder.messages.clear();
  const auto index = index_of_corpus(
      std::make_unique<ListStream>(kCats),
      [&] { return Result<std::unique_ptr<RecordStream>>(std::make_unique<ListStream>(kFish)); },
      folder.settings, [] { return false; }, [](LogLevel, std::string_view) {}, folder.progress);
  REQUIRE(index.ok());
  CHECK((*index)->text(0) == "Fish swim.");
  CHECK(folder.names().size() == 1);
}

TEST_CASE("A stream that fails makes no index") {
  Folder folder;
  const auto index = index_of_corpus(
      std::make_unique<ListStream>(kCats, Status(StatusCode::unavailable, "gone")), {},
      folder.settings, [] { return false; }, [](LogLevel, std::string_view) {}, folder.progress);
  CHECK(index.status().message() == "gone");
  CHECK(folder.names().empty());
}

}  // namespace
}  // namespace rare::bm25
