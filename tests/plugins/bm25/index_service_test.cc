#include "plugins/bm25/index_service.h"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "fixtures.h"
#include "list_stream.h"
#include "rare/testing/harness.h"
#include "scratch_folder.h"

namespace rare::bm25 {
namespace {

using bm25::testing::contains;
using bm25::testing::ListStream;
using rare::testing::TestContext;
using rare::testing::wait_for;

struct Indexed {
  explicit Indexed(std::vector<Json> rows, Status end = Status(),
                   std::shared_future<void> gate = {}, Json values = Json::object())
      : context("corpus") {
    context.stream = [=] { return std::make_unique<ListStream>(rows, end, gate); };
    values["from"] = "documents";
    if (!values.contains("index_dir")) values["index_dir"] = folder.path();
    service = rare::testing::make<IndexService>(values);
  }
  Result<SearchHits> search(const std::string& query, int k = 10) {
    return wait_for(service->search(SearchRequest(query, k)));
  }

  rare::testing::ScratchFolder folder;
  TestContext context;
  std::unique_ptr<IndexService> service;
};

Json text(const std::string& value) { return Json{{"text", value}}; }

TEST_CASE("The index service gives the best passages with their ordinals and texts") {
  Indexed setup({text("A cat sat."), text("Dogs bark at cats, cats run."), text("Fish swim.")});
  REQUIRE(setup.service->open(setup.context).ok());
  const Result<SearchHits> reply = setup.search("cats");
  REQUIRE(reply.ok());
  REQUIRE(reply->hits.size() == 2);
  CHECK(reply->hits[0].ordinal == 1);
  CHECK(reply->hits[0].text == "Dogs bark at cats, cats run.");
  CHECK(reply->hits[1].ordinal == 0);
  CHECK(reply->hits[0].score > reply->hits[1].score);
  CHECK(setup.search("the of").ok());
  CHECK(setup.search("the of")->hits.empty());
  CHECK(setup.search("cat", 1)->hits.size() == 1);
  CHECK(setup.service->usage()["calls"] == 4);
  CHECK(setup.context.resumer().misuses().empty());
}

TEST_CASE("A search goes beyond k until it is told that it has enough") {
  std::vector<Json> rows;
  for (int i = 0; i < 30; ++i) rows.push_back(text("cat " + std::string(i % 7, 'x')));
  Indexed setup(rows);
  REQUIRE(setup.service->open(setup.context).ok());
  const Result<SearchHits> whole = setup.search("cat", 30);
  REQUIRE(whole.ok());
  for (const std::size_t wanted : {std::size_t{12}, std::size_t{99}}) {
    SearchRequest request("cat", 5);
    request.most = 20;
    std::vector<std::uint64_t> asked;
    request.enough = [&](const SearchHit& hit) {
      asked.push_back(hit.ordinal);
      return asked.size() == wanted;
    };
    const Result<SearchHits> reply = wait_for(setup.service->search(std::move(request)));
    REQUIRE(reply.ok());
    REQUIRE(reply->hits.size() == std::min(wanted, std::size_t{20}));
    REQUIRE(asked.size() == reply->hits.size());
    for (std::size_t i = 0; i < asked.size(); ++i) {
      CHECK(asked[i] == whole->hits[i].ordinal);
      CHECK(reply->hits[i].text == whole->hits[i].text);
    }
  }
  SearchRequest passing("cat", 5);
  passing.most = 20;
  passing.keeps_hits = false;
  std::size_t passed = 0;
  passing.enough = [&](const SearchHit& hit) {
    const SearchHit& expected = whole->hits[passed++];
    return hit.ordinal != expected.ordinal || hit.score != expected.score ||
           hit.text != expected.text || hit.id != expected.id;
  };
  const Result<SearchHits> nothing = wait_for(setup.service->search(std::move(passing)));
  REQUIRE(nothing.ok());
  CHECK(nothing->hits.empty());
  CHECK(passed == 20);
  SearchRequest none("cat", 0);
  none.enough = [](const SearchHit&) { return false; };
  const Result<SearchHits> refused = wait_for(setup.service->search(std::move(none)));
  CHECK(refused.status().code() == StatusCode::invalid_argument);
}

TEST_CASE("Records without text are not found and keep their ordinals") {
  Indexed setup(
      {text("cat"), Json{{"text", 7}}, Json::object(), text(""), text(" \n"), text("cat")});
  REQUIRE(setup.service->open(setup.context).ok());
  const Result<SearchHits> reply = setup.search("cat");
  REQUIRE(reply.ok());
  REQUIRE(reply->hits.size() == 2);
  CHECK(reply->hits[0].ordinal == 0);
  CHECK(reply->hits[1].ordinal == 5);
}

TEST_CASE("field, analyzer, k1 and b are the index's") {
  const std::vector<Json> rows = {Json{{"body", "Cats cats"}}, Json{{"body", "cats"}}};
  Indexed setup(rows, Status(), {}, {{"field", "body"}, {"analyzer", "whitespace"}, {"k1", 0}});
  REQUIRE(setup.service->open(setup.context).ok());
  CHECK(setup.search("Cats")->hits.size() == 1);
  const Result<SearchHits> reply = setup.search("cats");
  REQUIRE(reply.ok());
  REQUIRE(reply->hits.size() == 2);
  CHECK(reply->hits[0].score == reply->hits[1].score);  // k1 = 0: neither count nor length matters
}

TEST_CASE("Searches that come before the index is ready are answered when it is") {
  std::promise<void> gate;
  Indexed setup({text("cat"), text("dog")}, Status(), gate.get_future().share());
  REQUIRE(setup.service->open(setup.context).ok());
  CHECK(setup.service->activity() == "building the index: 0 records");
  std::vector<Awaitable<Result<SearchHits>>> replies;
  for (int i = 0; i < 100; ++i) {
    replies.push_back(setup.service->search(SearchRequest(i % 2 == 0 ? "cat" : "dog", 5)));
  }
  gate.set_value();
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const Result<SearchHits> reply = wait_for(std::move(replies[i]));
    REQUIRE(reply.ok());
    REQUIRE(reply->hits.size() == 1);
    CHECK(reply->hits[0].ordinal == i % 2);
  }
  CHECK(setup.service->activity().empty());
}

TEST_CASE("A corpus that cannot be read answers every search with a run fault that says why") {
  std::promise<void> gate;
  Indexed setup({text("cat")},
                Status(StatusCode::unavailable, "passages.jsonl: input/output error"),
                gate.get_future().share());
  REQUIRE(setup.service->open(setup.context).ok());
  auto early = setup.service->search(SearchRequest("cat", 5));
  gate.set_value();
  for (const Result<SearchHits>& reply : {wait_for(std::move(early)), setup.search("cat")}) {
    REQUIRE_FALSE(reply.ok());
    CHECK(reply.status().fault() == Fault::run);
    CHECK(reply.status().code() == StatusCode::unavailable);
    CHECK(reply.status().message() ==
          "service `corpus` (bm25.index): the index over node `documents` cannot be built: "
          "passages.jsonl: input/output error");
  }
}

TEST_CASE("A field that no record has is a failed build; a corpus without records is not") {
  Indexed wrong({text("cat"), text("dog")}, Status(), {}, {{"field", "txt"}});
  REQUIRE(wrong.service->open(wrong.context).ok());
  const Result<SearchHits> reply = wrong.search("cat");
  REQUIRE_FALSE(reply.ok());
  CHECK(reply.status().fault() == Fault::run);
  CHECK(contains(reply.status().message(), "none of its 2 records has text in the field `txt`"));

  Indexed empty(std::vector<Json>{});
  REQUIRE(empty.service->open(empty.context).ok());
  CHECK(empty.search("cat")->hits.empty());
}

TEST_CASE("open() says which parameter is missing and which node cannot be read") {
  TestContext context("corpus");
  const Status missing = rare::testing::make<IndexService>()->open(context);
  CHECK(missing.code() == StatusCode::invalid_argument);
  CHECK(contains(missing.message(), "expected one of `from`"));
  CHECK(contains(missing.message(), "and `prebuilt` (an index of it), found none"));
  const Status both =
      rare::testing::make<IndexService>({{"from", "a"}, {"path", "b.jsonl"}})->open(context);
  CHECK(contains(both.message(), ", found 2"));

  const auto service = rare::testing::make<IndexService>({{"from", "nowhere"}});
  const Status unreadable = service->open(context);
  CHECK(unreadable.fault() == Fault::run);
  CHECK(contains(unreadable.message(), "node `nowhere`"));
}

// Files, and services over them.
struct FileCorpus {
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name) << text;
    return folder / name;
  }
  std::unique_ptr<IndexService> open(Json values) {
    if (!values.contains("index_dir")) values["index_dir"] = folder / "index";
    auto service = rare::testing::make<IndexService>(values);
    opened = service->open(context);
    return service;
  }
  rare::testing::ScratchFolder folder;
  TestContext context = TestContext("corpus");
  Status opened;
};

SearchHits found(IndexService& service, const std::string& query) {
  const Result<SearchHits> reply = wait_for(service.search(SearchRequest(query, 10)));
  REQUIRE(reply.ok());
  return *reply;
}

TEST_CASE("A corpus given by path is read from its files, in order, with ids") {
  FileCorpus corpus;
  const std::string first = corpus.write("a.jsonl",
                                         "{\"id\": \"x\", \"text\": \"cat\"}\n"
                                         "no record\n{\"id\": 9, \"text\": \"dog\"}\n");
  const std::string second = corpus.write("b.json", "[{\"text\": \"cat cat\"}]");
  const auto service = corpus.open({{"path", {first, second}}});
  REQUIRE(corpus.opened.ok());
  CHECK(service->traits().apart);
  CHECK(service->traits().b == 0.4);
  const SearchHits cats = found(*service, "cats");
  REQUIRE(cats.hits.size() == 2);
  CHECK(cats.hits[0].ordinal == 3);
  CHECK(cats.hits[0].id == "3");
  CHECK(cats.hits[1].id == "x");
  CHECK(found(*service, "dog").hits.at(0).id == "9");
  CHECK(found(*service, "dog").hits.at(0).ordinal == 2);
  CHECK(contains(corpus.context.lines().at(0), "a.jsonl:2:"));
}

TEST_CASE("A path without files, or with a file that is no corpus, is told by its name") {
  FileCorpus corpus;
  corpus.open({{"path", corpus.folder / "none.jsonl"}});
  CHECK(corpus.opened.fault() == Fault::run);
  CHECK(contains(corpus.opened.message(), "service `corpus` (bm25.index): the index over " +
                                              corpus.folder / "none.jsonl" + " cannot be built"));
  corpus.open({{"path", corpus.write("a.docx", "cat")}});
  CHECK(contains(corpus.opened.message(), "a.docx: expected one of the extensions"));
  const auto told =
      corpus.open({{"path", corpus.write("b.txt", "{\"text\": \"cat\"}")}, {"format", "jsonl"}});
  CHECK(found(*told, "cat").hits.size() == 1);
}

TEST_CASE("A prebuilt index is searched as it is, by folder or by file, and nothing is built") {
  FileCorpus corpus;
  const std::string path = corpus.write("a.jsonl", "{\"id\": \"x\", \"text\": \"Cats\"}\n");
  {
    const auto made = corpus.open({{"path", path}, {"analyzer", "whitespace"}, {"k1", 1.2}});
    CHECK(found(*made, "Cats").hits.size() == 1);
  }
  std::filesystem::remove(path);
  std::string file;
  for (const auto& entry : std::filesystem::directory_iterator(corpus.folder / "index")) {
    file = entry.path();
  }
  for (const std::string& prebuilt : {corpus.folder / "index", file}) {
    const auto service =
        corpus.open({{"prebuilt", prebuilt}, {"index_dir", corpus.folder / "unused"}});
    REQUIRE(corpus.opened.ok());
    CHECK(service->traits().apart);
    CHECK(service->traits().k1 == 1.2);
    CHECK(found(*service, "Cats").hits.at(0).id == "x");
    CHECK(found(*service, "cats").hits.empty());
  }
  CHECK_FALSE(std::filesystem::exists(corpus.folder / "unused"));
}

TEST_CASE("A prebuilt index that is missing or damaged is a run fault; nothing replaces it") {
  FileCorpus corpus;
  corpus.open({{"prebuilt", corpus.folder / "nowhere"}});
  CHECK(corpus.opened.fault() == Fault::run);
  CHECK(contains(corpus.opened.message(), "the index cannot be used: "));
  const std::string path = corpus.write("a.jsonl", "{\"text\": \"cat\"}\n");
  found(*corpus.open({{"path", path}}), "cat");
  std::string file;
  for (const auto& entry : std::filesystem::directory_iterator(corpus.folder / "index")) {
    file = entry.path();
  }
  {
    std::fstream bytes(file, std::ios::binary | std::ios::in | std::ios::out);
    bytes.seekp(static_cast<std::streamoff>((sizeof(IndexHeader) + 63) / 64 * 64 + 1));
    bytes.put('\x7F');
  }
  const auto service = corpus.open({{"prebuilt", file}});
  REQUIRE(corpus.opened.ok());
  const Status status = wait_for(service->search(SearchRequest("cat", 1))).status();
  CHECK(status.fault() == Fault::run);
  CHECK(contains(status.message(), file));
  CHECK(contains(status.message(), "damaged (checksum)"));
}

TEST_CASE("A memory limit that is no size, or too small, is refused") {
  for (const std::string limit : {"much", "1MB"}) {
    TestContext context("corpus");
    context.stream = [] { return std::make_unique<ListStream>(std::vector<Json>()); };
    const auto service =
        rare::testing::make<IndexService>({{"from", "documents"}, {"memory_limit", limit}});
    const Status status = service->open(context);
    CHECK(status.code() == StatusCode::invalid_argument);
    CHECK(contains(status.message(), "`memory_limit`: expected 16MB or more"));
    CHECK(contains(status.message(), "found `" + limit + "`"));
  }
}

TEST_CASE("A second service over the same corpus finds the index, and the first one's goes on") {
  Indexed first({text("cat"), text("dog")});
  REQUIRE(first.service->open(first.context).ok());
  CHECK(first.search("dog")->hits.size() == 1);
  Indexed second({text("cat"), text("dog")}, Status(), {}, {{"index_dir", first.folder.path()}});
  REQUIRE(second.service->open(second.context).ok());
  CHECK(second.search("dog")->hits.size() == 1);
  CHECK(first.search("cat")->hits.size() == 1);
  const std::filesystem::directory_iterator files(first.folder.path());
  CHECK(std::distance(begin(files), end(files)) == 1);
}

TEST_CASE("cancel() completes what waits, and all that comes later, as cancelled") {
  std::promise<void> gate;
  Indexed setup({text("cat")}, Status(), gate.get_future().share());
  REQUIRE(setup.service->open(setup.context).ok());
  auto waiting = setup.service->search(SearchRequest("cat", 5));
  setup.service->cancel();
  CHECK(wait_for(std::move(waiting)).status().code() == StatusCode::cancelled);
  CHECK(setup.search("cat").status().code() == StatusCode::cancelled);
  gate.set_value();
}

TEST_CASE("A run that is cut short stops the build") {
  std::promise<void> gate;
  Indexed setup({text("cat")}, Status(), gate.get_future().share());
  setup.context.request_stop();
  gate.set_value();
  REQUIRE(setup.service->open(setup.context).ok());
  CHECK(setup.search("cat").status().code() == StatusCode::cancelled);
}

TEST_CASE("A search for less than one hit is an error of its record") {
  Indexed setup(std::vector<Json>{text("cat")});
  REQUIRE(setup.service->open(setup.context).ok());
  const Status status = setup.search("cat", 0).status();
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(status.fault() == Fault::record);
}

TEST_CASE("The service offers the search interface and no other") {
  IndexService service;
  CHECK(service.connect(SearchIndex::kInterface, {}) == static_cast<SearchIndex*>(&service));
  CHECK(service.connect("rare.LanguageModel/1", {}) == nullptr);
  CHECK(service.concurrency() >= 1);
}

TEST_CASE("Eight threads at once get from the service what one gets") {
  std::vector<Json> rows;
  for (const std::string& line : testing::fixture_lines("corpus.txt")) rows.push_back(text(line));
  const std::vector<std::string> queries = testing::fixture_lines("queries.txt");
  Indexed setup(rows);
  REQUIRE(setup.service->open(setup.context).ok());
  const auto run = [&] {
    std::vector<std::pair<std::uint64_t, float>> found;
    for (const std::string& query : queries) {
      const Result<SearchHits> reply = setup.search(query, 20);
      for (const SearchHit& hit : reply->hits) found.emplace_back(hit.ordinal, hit.score);
    }
    return found;
  };
  const auto expected = run();
  CHECK(expected.size() > 1000);
  std::vector<std::vector<std::pair<std::uint64_t, float>>> found(8);
  {
    std::vector<std::jthread> threads;
    for (auto& hits : found) threads.emplace_back([&] { hits = run(); });
  }
  for (const auto& hits : found) CHECK(hits == expected);
}

}  // namespace
}  // namespace rare::bm25
