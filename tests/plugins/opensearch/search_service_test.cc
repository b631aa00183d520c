#include "plugins/opensearch/search_service.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "catch.h"
#include "fake_cluster.h"
#include "rare/testing/harness.h"

namespace rare::opensearch {
namespace {

using rare::testing::TestContext;
using rare::testing::wait_for;
using testing::error_response;
using testing::FakeCluster;
using testing::HttpRequest;
using testing::HttpResponse;
using testing::json_response;

class ListStream final : public RecordStream {
 public:
  explicit ListStream(std::vector<Json> rows, std::shared_future<void> gate = {})
      : rows_(std::move(rows)), gate_(std::move(gate)) {}
  Result<std::optional<Record>> next() override {
    if (gate_.valid()) gate_.wait();
    if (at_ == rows_.size()) return std::optional<Record>();
    return std::optional<Record>(Record(rows_[at_++]));
  }

 private:
  std::vector<Json> rows_;
  std::shared_future<void> gate_;
  std::size_t at_ = 0;
};

const std::vector<Json> kAnimals = {{{"id", "a"}, {"text", "cat dog"}},
                                    {{"text", 7}},
                                    {{"id", 9}, {"text", "cat cow"}},
                                    {{"text", "fish"}}};

// A service over rows and a cluster.
struct Searched {
  explicit Searched(const FakeCluster& cluster, const std::vector<Json>& rows = kAnimals,
                    Json values = Json::object(), const std::shared_future<void>& gate = {})
      : context("corpus") {
    context.stream = [this, rows, gate] {
      ++passes;
      return std::make_unique<ListStream>(rows, gate);
    };
    if (!values.contains("prebuilt")) values["from"] = "documents";
    values["base_url"] = Json::array({cluster.url()});
    if (!values.contains("max_retries")) values["max_retries"] = 3;
    service = rare::testing::make<SearchService>(values);
    opened = service->open(context);
  }
  Result<SearchHits> search(const std::string& query, int k = 10) {
    return wait_for(service->search(SearchRequest(query, k)));
  }
  std::string log() const {
    std::string all;
    for (const std::string& line : context.lines()) all += line + "\n";
    return all;
  }

  std::atomic<int> passes{0};
  TestContext context;
  std::unique_ptr<SearchService> service;
  Status opened;
};

bool has(const std::string& text, const std::string& part) {
  INFO(text);
  return text.find(part) != std::string::npos;
}

bool is_to(const HttpRequest& request, const std::string& action) {
  return request.target.find(action) != std::string_view::npos;
}

HttpResponse at_once(HttpResponse response) {
  response.headers.emplace_back("Retry-After", "0");
  return response;
}

TEST_CASE("A corpus is loaded with its ordinals and ids, and hits come back with them") {
  FakeCluster cluster;
  Searched setup(cluster, kAnimals, {{"k1", 1.2}, {"b", 0.75}, {"shards", 3}});
  REQUIRE(setup.opened.ok());
  const Result<SearchHits> reply = setup.search("cat cow");
  REQUIRE(reply.ok());
  REQUIRE(reply->hits.size() == 2);
  CHECK(reply->hits[0].ordinal == 2);
  CHECK(reply->hits[0].id == "9");
  CHECK(reply->hits[0].text == "cat cow");
  CHECK(reply->hits[0].score == 2.0F);
  CHECK(reply->hits[1].id == "a");
  CHECK(setup.search("fish")->hits.at(0).id == "3");
  CHECK(setup.search("cat", 1)->hits.size() == 1);
  CHECK(setup.search("unknown")->hits.empty());
  CHECK(setup.search("cat", 0).status().code() == StatusCode::invalid_argument);
  CHECK(setup.service->usage()["calls"] == 4);

  REQUIRE(cluster.indexes().size() == 1);
  const Json definition = cluster.definition(cluster.indexes()[0]);
  const Json& settings = definition.at("settings").at("index");
  CHECK(settings.at("number_of_shards") == 3);
  const Json& similarity = settings.at("similarity").at("rare_bm25");
  CHECK(similarity == Json{{"type", "BM25"}, {"k1", 1.2}, {"b", 0.75}});
  const Json& field = definition.at("mappings").at("properties").at("text");
  CHECK(field.at("similarity") == "rare_bm25");
  CHECK(field.at("analyzer") == "english");
  CHECK(definition.at("mappings").at("_meta").at("rare").at("documents") == 3);

  CHECK(setup.context.resumer().misuses().empty());
}

TEST_CASE("The alias comes last, and a later service over the same corpus finds the index by it") {
  FakeCluster cluster;
  {
    Searched first(cluster);
    CHECK(first.search("cat").ok());
  }
  const std::vector<std::string> requests = cluster.requests();
  const auto at = [&](const std::string& part) {
    return std::find_if(requests.begin(), requests.end(),
                        [&](const std::string& request) {
                          return request.find(part) != std::string::npos;
                        }) -
           requests.begin();
  };
  CHECK(at("_bulk") < at("_refresh"));
  CHECK(at("_refresh") < at("PUT /" + cluster.indexes()[0] + "/_mapping"));
  CHECK(at("PUT /" + cluster.indexes()[0] + "/_mapping") < at("POST /_aliases"));

  Searched second(cluster);
  CHECK(second.search("cat")->hits.size() == 2);
  CHECK(second.passes == 1);
  CHECK(cluster.count("_bulk") == 1);

  Searched other(cluster, {{{"text", "another corpus"}}});
  CHECK(other.search("corpus")->hits.size() == 1);
  CHECK(other.passes == 2);
  Searched settings(cluster, kAnimals, {{"k1", 2.0}});
  CHECK(settings.search("cat")->hits.size() == 2);
  CHECK(cluster.indexes().size() == 3);

  Searched prebuilt(cluster, {}, {{"prebuilt", cluster.aliases()[0]}});
  CHECK(prebuilt.search("cat corpus").ok());
  CHECK(prebuilt.passes == 0);
  CHECK(has(prebuilt.log(), ", analyzer english, k1 "));
  const SearchIndexTraits traits = prebuilt.service->traits();
  CHECK(traits.apart);
  CHECK(traits.b == 0.4);
  CHECK((traits.k1 == 0.9 || traits.k1 == 2.0));  // whichever index it is
}

TEST_CASE("Searches that wait form batches") {
  FakeCluster cluster;
  std::promise<void> gate;
  Searched setup(cluster, kAnimals, {{"max_in_flight", 2}}, gate.get_future().share());
  std::vector<Awaitable<Result<SearchHits>>> replies;
  for (int i = 0; i < 100; ++i) {
    replies.push_back(setup.service->search(SearchRequest(i % 2 == 0 ? "dog" : "fish", 5)));
  }
  CHECK_FALSE(setup.service->ready());
  gate.set_value();
  for (std::size_t i = 0; i < replies.size(); ++i) {
    const Result<SearchHits> reply = wait_for(std::move(replies[i]));
    REQUIRE(reply.ok());
    CHECK(reply->hits.at(0).ordinal == (i % 2 == 0 ? 0 : 3));
  }
  CHECK(cluster.most_searches_of_a_batch() > 1);
  CHECK(cluster.count("_msearch") < 100);
}

TEST_CASE(
    "What a busy cluster rejects is sent again; what it says to have is counted all the same") {
  std::atomic<int> bulks{0};
  FakeCluster cluster([&](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (!is_to(request, "/_bulk")) return std::nullopt;
    ++bulks;
    if (bulks == 1) return at_once(error_response(429, "rejected_execution", "busy"));
    if (bulks == 2) {  // it claims to have the third
      const Json error{{"type", "rejected_execution"}, {"reason", "busy"}};
      return json_response(200, {{"errors", true},
                                 {"items",
                                  {{{"create", {{"status", 429}, {"error", error}}}},
                                   {{"create", {{"status", 429}, {"error", error}}}},
                                   {{"create", {{"status", 409}}}}}}});
    }
    return std::nullopt;
  });
  Searched setup(cluster);
  const Status status = setup.search("cat").status();
  // The third is missing, which the count betrays: nothing is searched that is not whole.
  CHECK(status.fault() == Fault::run);
  CHECK(has(status.message(), "took in 3 documents and has 2 of them"));
  CHECK(bulks == 3);
  CHECK(cluster.indexes().empty());
  CHECK(cluster.aliases().empty());
}

TEST_CASE("A bulk whose answer is lost is sent again, and its documents are there once") {
  std::atomic<int> bulks{0};
  FakeCluster cluster([&](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (!is_to(request, "/_bulk") || ++bulks > 1) return std::nullopt;
    HttpResponse cut = json_response(200, {{"errors", false}, {"items", Json::array()}});
    cut.cut_at_share = 0.6;
    return cut;
  });
  Searched setup(cluster);
  CHECK(setup.search("cat")->hits.size() == 2);
  CHECK(cluster.documents(cluster.indexes()[0]) == 3);
  CHECK(setup.service->usage()["retries"] == 1);
}

TEST_CASE("A document that the cluster refuses ends the load, names it, and leaves no index") {
  FakeCluster cluster([&](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (!is_to(request, "/_bulk")) return std::nullopt;
    const Json error{{"type", "mapper_parsing_exception"},
                     {"reason", "failed to parse"},
                     {"caused_by", {{"type", "x"}, {"reason", "too long"}}}};
    return json_response(200, {{"errors", true},
                               {"items",
                                {{{"create", {{"status", 201}}}},
                                 {{"create", {{"status", 400}, {"error", error}}}},
                                 {{"create", {{"status", 201}}}}}}});
  });
  Searched setup(cluster);
  const Status status = setup.search("cat").status();
  CHECK(status.fault() == Fault::run);
  CHECK(has(status.message(),
            "service `corpus` (bm25.opensearch): the index over node `documents` cannot be had"));
  CHECK(has(status.message(), "\"_id\":\"2\""));
  CHECK(has(status.message(), "mapper_parsing_exception: failed to parse (x: too long)"));
  CHECK(setup.search("again").status().fault() == Fault::run);
  CHECK(cluster.indexes().empty());
}

TEST_CASE("An index that nobody finished is told of, never searched and never removed") {
  FakeCluster cluster;
  cluster.add_index("rare-build-0123", {{"properties", Json::object()}});
  Searched setup(cluster);
  CHECK(setup.search("cat")->hits.size() == 2);
  CHECK(has(setup.log(), "1 index(es) that are not whole, such as rare-build-0123"));
  CHECK(cluster.indexes().size() == 2);

  Searched prebuilt(cluster, {}, {{"prebuilt", "rare-build-0123"}});
  const Status status = prebuilt.search("cat").status();
  CHECK(status.fault() == Fault::run);
  CHECK(has(status.message(), "was not made by bm25.opensearch, or is not whole"));
}

TEST_CASE("An index that has lost documents is loaded anew; as prebuilt it is refused") {
  FakeCluster cluster;
  {
    Searched first(cluster);
    CHECK(first.search("cat").ok());
  }
  cluster.remove_document(cluster.indexes()[0]);
  {
    Searched prebuilt(cluster, {}, {{"prebuilt", cluster.aliases()[0]}});
    const Status status = prebuilt.search("cat").status();
    CHECK(has(status.message(), "has changed: expected 3 documents, found 2"));
  }
  Searched second(cluster);
  CHECK(second.search("cat dog cow fish")->hits.size() == 3);
  CHECK(has(second.log(), "another one is loaded"));
}

TEST_CASE("A prebuilt index that is missing, or of another mapping, is told by its name") {
  FakeCluster cluster;
  cluster.add_index("foreign", {{"_meta", {{"rare", {{"format", 1}}}}},
                                {"properties", {{"text", {{"type", "keyword"}}}}}});
  Searched missing(cluster, {}, {{"prebuilt", "nowhere"}});
  CHECK(missing.search("cat").status().code() == StatusCode::not_found);
  CHECK(has(missing.search("cat").status().message(),
            "the index cannot be used: the cluster has no index or alias nowhere"));
  Searched foreign(cluster, {}, {{"prebuilt", "foreign"}});
  const std::string said = foreign.search("cat").status().message();
  CHECK(has(said, "the index foreign has another mapping than it was made with"));
  CHECK(has(said, "keyword"));
}

TEST_CASE("Searches that a busy cluster refuses, or answers in part, are sent again") {
  std::atomic<int> searches{0};
  FakeCluster cluster([&](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (!is_to(request, "/_msearch")) return std::nullopt;
    const Json busy{{"status", 429}, {"error", {{"type", "rejected_execution"}}}};
    Json part{{"status", 200},
              {"timed_out", false},
              {"_shards", {{"total", 3}, {"successful", 2}, {"failed", 1}}},
              {"hits", {{"hits", Json::array()}}}};
    switch (++searches) {
      case 1:
        return json_response(200, {{"responses", {busy}}});
      case 2:
        return json_response(200, {{"responses", {part}}});
      case 3:  // no copy of the third shard is there, which counts as no failure
        part["_shards"]["failed"] = 0;
        return json_response(200, {{"responses", {part}}});
      case 4:
        return at_once(error_response(503, "unavailable", "starting"));
      default:
        return std::nullopt;
    }
  });
  Searched setup(cluster, kAnimals, {{"max_retries", 4}});
  CHECK(setup.search("cat")->hits.size() == 2);
  CHECK(searches == 5);
}

TEST_CASE("Documents are counted when all shards of the index are there") {
  std::atomic<int> counts{0};
  FakeCluster cluster([&](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (!is_to(request, "/_count") || ++counts > 2) return std::nullopt;
    return json_response(
        200, {{"count", 1}, {"_shards", {{"total", 3}, {"successful", 1}, {"failed", 0}}}});
  });
  Searched setup(cluster);
  CHECK(setup.search("cat")->hits.size() == 2);
  CHECK(cluster.indexes().size() == 1);
  CHECK(counts > 2);
}

TEST_CASE("A search that cannot be done is its record's fault, a cluster that is gone the run's") {
  std::atomic<bool> gone{false};
  FakeCluster cluster([&](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (!is_to(request, "/_msearch")) return std::nullopt;
    if (gone) return at_once(error_response(503, "unavailable", "gone"));
    const Json refused{
        {"status", 400},
        {"error", {{"type", "too_many_nested_clauses"}, {"reason", "maxClauseCount is 1024"}}}};
    return json_response(200, {{"responses", {refused}}});
  });
  Searched setup(cluster);
  const Status refused = setup.search("cat").status();
  CHECK(refused.fault() == Fault::record);
  CHECK(has(refused.message(), "maxClauseCount is 1024"));
  gone = true;
  const Status lost = setup.search("cat").status();
  CHECK(lost.fault() == Fault::run);
  CHECK(lost.code() == StatusCode::unavailable);
  CHECK(has(lost.message(), "service `corpus` (bm25.opensearch): " + cluster.url()));
}

TEST_CASE("Answers that are none of a cluster's are told, whatever their form") {
  std::atomic<int> searches{0};
  const std::vector<std::string> bodies = {"[]",
                                           "7",
                                           R"({"responses": [7]})",
                                           R"({"responses": [{"timed_out": "yes"}]})",
                                           R"({"responses": [{"hits": {"hits": [{}]}}]})",
                                           R"({"responses": [{"hits": 3}]})"};
  FakeCluster cluster([&](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (!is_to(request, "/_msearch")) return std::nullopt;
    HttpResponse response;
    response.body = bodies.at(static_cast<std::size_t>(searches++));
    return response;
  });
  Searched setup(cluster);
  for (const std::string& body : bodies) {
    INFO(body);
    const Status status = setup.search("cat").status();
    CHECK(status.fault() == Fault::run);
    CHECK(status.code() == StatusCode::invalid_data);
  }
  for (const std::string body : {"[]", R"({"errors": "yes"})", R"({"errors": true, "items": 7})"}) {
    INFO(body);
    FakeCluster broken([&](const HttpRequest& request) -> std::optional<HttpResponse> {
      if (!is_to(request, "/_bulk")) return std::nullopt;
      HttpResponse response;
      response.body = body;
      return response;
    });
    Searched loading(broken);
    CHECK(loading.search("cat").status().code() == StatusCode::invalid_data);
  }
}

TEST_CASE("Scores of clusters that multiply by k1 + 1 are divided by it") {
  FakeCluster cluster([](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (request.target != "/") return std::nullopt;
    return json_response(200, {{"version", {{"number", "8.19.0"}}}});
  });
  Searched setup(cluster, kAnimals, {{"k1", 1.0}});
  CHECK(setup.search("cat cow")->hits.at(0).score == 1.0F);
}

TEST_CASE("cancel() completes what waits, what rests and all that comes later, as cancelled") {
  std::atomic<int> asked{0};
  std::promise<void> was_asked;
  FakeCluster cluster([&](const HttpRequest& request) -> std::optional<HttpResponse> {
    if (!is_to(request, "/_msearch")) return std::nullopt;
    if (asked++ == 0) was_asked.set_value();
    HttpResponse busy = error_response(429, "rejected_execution", "busy");
    busy.headers.emplace_back("Retry-After", "600");
    return busy;
  });
  Searched setup(cluster);
  auto resting = setup.service->search(SearchRequest("cat", 5));
  was_asked.get_future().wait();
  setup.service->cancel();
  CHECK(wait_for(std::move(resting)).status().code() == StatusCode::cancelled);
  CHECK(setup.search("cat").status().code() == StatusCode::cancelled);
}

TEST_CASE("A load that is cut short leaves no index") {
  FakeCluster cluster;
  std::promise<void> gate;
  Searched setup(cluster, kAnimals, Json::object(), gate.get_future().share());
  setup.context.request_stop();
  gate.set_value();
  CHECK(setup.search("cat").status().code() == StatusCode::cancelled);
  setup.service.reset();
  CHECK(cluster.indexes().empty());
}

TEST_CASE("Parameters that cannot be are told by name") {
  const auto opened = [](Json values) {
    TestContext context("corpus");
    values["base_url"] = Json::array({"http://127.0.0.1:1"});
    return rare::testing::make<SearchService>(values)->open(context).message();
  };
  CHECK(has(opened(Json::object()), "expected one of `from`"));
  CHECK(has(opened({{"from", "a"}, {"prebuilt", "b"}}), ", found 2"));
  CHECK(has(opened({{"prebuilt", "a,b"}}), "`prebuilt`: expected lower-case letters"));
  CHECK(has(opened({{"path", "x.jsonl"}, {"index_prefix", "Rare"}}), "`index_prefix`: expected"));
  CHECK(has(opened({{"path", "x.jsonl"}, {"user", "a"}, {"api_key", "b"}}),
            "service `corpus` (bm25.opensearch): expected `api_key`, or `user`"));
}

TEST_CASE("A corpus without text in the field, and an empty one") {
  FakeCluster cluster;
  Searched wrong(cluster, kAnimals, {{"field", "body"}});
  CHECK(has(wrong.search("cat").status().message(),
            "none of its 4 records has text in the field `body`"));
  Searched empty(cluster, std::vector<Json>());
  CHECK(empty.search("cat")->hits.empty());
}

}  // namespace
}  // namespace rare::opensearch
