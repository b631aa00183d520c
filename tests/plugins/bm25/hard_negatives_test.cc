#include "plugins/bm25/hard_negatives.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "catch.h"
#include "fixtures.h"
#include "plugins/bm25/text_identity.h"
#include "rare/testing/harness.h"

namespace rare::bm25 {
namespace {

using bm25::testing::contains;
using rare::testing::Outcome;
using rare::testing::TestContext;
using Texts = std::vector<std::string>;

// Ranks its texts in the order they are given, whatever the query.
class FixedIndex final : public SearchIndex {
 public:
  FixedIndex(TestContext& context, Texts texts) : context_(context), texts_(std::move(texts)) {}

  Awaitable<Result<SearchHits>> search(SearchRequest request) override {
    auto pair = context_.completion<Result<SearchHits>>();
    SearchHits reply;
    const bool asks = asks_what_is_enough && request.enough;
    const auto most = static_cast<std::size_t>(asks ? request.most : request.k);
    const std::size_t count = is_later() ? later_order.size() : texts_.size();
    for (std::size_t i = 0; i < count && i < most; ++i) {
      reply.hits.push_back(hit(is_later() ? later_order[i] : i));
      if (asks && request.enough(reply.hits.back())) break;
    }
    if (asks && !request.keeps_hits) reply.hits.clear();
    {
      const std::lock_guard lock(mutex_);
      queries.push_back(request.query);
    }
    if (failure.ok()) {
      pair.completion.set(std::move(reply));
    } else {
      pair.completion.set(failure);
    }
    return std::move(pair.awaitable);
  }

  SearchIndexTraits traits() const override { return known; }

  bool asks_what_is_enough = false;      // else it gives k
  std::vector<std::size_t> later_order;  // what answers but the first have, where not empty
  Status failure;
  Texts queries;
  SearchIndexTraits known;

 private:
  SearchHit hit(std::size_t i) const {
    return SearchHit(i, std::max(0.5F, 100.0F - static_cast<float>(i)), texts_[i],
                     "d" + std::to_string(i));
  }
  bool is_later() const { return !later_order.empty() && !queries.empty(); }

  TestContext& context_;
  Texts texts_;
  std::mutex mutex_;
};

struct Mining {
  explicit Mining(Texts texts, Json values = Json::object(),
                  SearchIndexTraits known = SearchIndexTraits())
      : context("negatives"), index(context, std::move(texts)) {
    index.known = known;
    values["index"] = "corpus";
    op = rare::testing::make<HardNegatives>(values,
                                            [this](const std::string&, std::string_view) -> void* {
                                              return static_cast<SearchIndex*>(&index);
                                            });
    opened = op->open(context);
  }
  Outcome run(Json fields) { return rare::testing::run(*op, Record(std::move(fields))); }
  Texts negatives(const std::string& text, const std::string& field = "hard_negatives") {
    const Outcome outcome = run({{"question", "why?"}, {"text", text}});
    REQUIRE(outcome.status.ok());
    REQUIRE(outcome.records.size() == 1);
    return outcome.records[0].fields().at(field).get<Texts>();
  }

  TestContext context;
  FixedIndex index;
  std::unique_ptr<HardNegatives> op;
  Status opened;
};

TEST_CASE("The best hits but the positive become the negatives, best first") {
  Mining setup({"one", "positive", "two", "three", "four"});
  CHECK(setup.negatives("positive") == Texts{"one", "two", "three"});
  CHECK(setup.index.queries == Texts{"why?"});
  CHECK(setup.context.lines().empty());
}

TEST_CASE("Texts that equal the positive or each other up to case, space and punctuation are out") {
  Mining setup(
      {"The Cat sat -- here.", "the cat\nsat, here!", "A dog.", "a  DOG", "A bird.", "Fish"});
  CHECK(setup.negatives("the cat sat here") == Texts{"A dog.", "A bird.", "Fish"});
}

TEST_CASE("A near-duplicate of the positive is no negative; how near is a parameter") {
  const std::string positive = "a b c d e f g h i j k l m n o p q r s t u v";
  const std::string near = positive + " w";                            // 20 of 21 runs
  const std::string half = "a b c d e f g h i j k l 1 2 3 4 5 6 7 8";  // 10 of 28
  const Texts texts = {near, half, "x y z"};
  CHECK(Mining(texts).negatives(positive) == Texts{half, "x y z"});
  CHECK(Mining(texts, {{"near_duplicate", 0.3}}).negatives(positive) == Texts{"x y z"});
  CHECK(Mining(texts, {{"near_duplicate", 1}}).negatives(positive) == texts);
}

TEST_CASE("hard_neg_start_index counts before the positive is taken out") {
  const Texts texts = {"one", "positive", "two", "three", "four", "five"};
  CHECK(Mining(texts, {{"hard_neg_start_index", 1}}).negatives("positive") ==
        Texts{"two", "three", "four"});
  CHECK(Mining(texts, {{"hard_neg_start_index", 2}, {"num_neg", 2}}).negatives("positive") ==
        Texts{"two", "three"});
  CHECK(Mining(texts, {{"hard_neg_start_index", 9}}).negatives("positive").empty());
}

TEST_CASE("Where copies crowd the first hits, more are asked for until there are enough") {
  Texts texts(50, "Positive.");
  texts.insert(texts.end(), {"one", "two", "three", "four"});
  Mining setup(texts);
  CHECK(setup.negatives("positive") == Texts{"one", "two", "three"});
  CHECK(setup.index.queries.size() > 1);
}

TEST_CASE("An index that asks what is enough gives the same negatives, with fewer searches") {
  Texts copies(12, "Positive.");
  copies.insert(copies.end(), {"one", "two", "TWO", "three", "four"});
  Texts many(90, "Positive.");
  many.insert(many.end(), {"one", "two", "three"});
  const Texts five = {"one", "two", "positive", "positive!", "Two"};  // as many as are asked for
  for (const Texts& texts : {copies, many, five, Texts{"one"}, Texts{}}) {
    for (const Json& values : {Json::object(), Json{{"hard_neg_start_index", 2}},
                               Json{{"min_score", 95}}, Json{{"max_score_ratio", 2}}}) {
      INFO(texts.size() << " texts, " << values);
      Mining one(texts, values);
      Mining other(texts, values);
      other.index.asks_what_is_enough = true;
      CHECK(other.negatives("positive") == one.negatives("positive"));
      CHECK(other.index.queries.size() <= one.index.queries.size());
    }
  }
  Mining deep(many);
  deep.index.asks_what_is_enough = true;
  CHECK(deep.negatives("positive") == Texts{"one", "two", "three"});
  Mining plain(many);
  CHECK(plain.negatives("positive") == Texts{"one", "two", "three"});
  CHECK(deep.index.queries.size() < plain.index.queries.size());
}

TEST_CASE("A text of a crowd that was met before takes one search, with the same negatives") {
  const std::string positive = "a b c d e f g h i j k l m n o p q r s t u v";
  Texts crowd;
  for (int i = 0; i < 90; ++i) crowd.push_back(positive + " w" + std::to_string(i));
  crowd.insert(crowd.end(), {"one", "two", "three"});
  Mining setup(crowd);
  setup.index.asks_what_is_enough = true;
  CHECK(setup.negatives(positive) == Texts{"one", "two", "three"});
  const std::size_t searches = setup.index.queries.size();
  CHECK(searches > 1);
  CHECK(setup.negatives(positive) == Texts{"one", "two", "three"});
  CHECK(setup.index.queries.size() == searches + 1);
  for (const std::string& text : {crowd[3], crowd[7] + " x"}) {
    CHECK(setup.negatives(text) == Texts{"one", "two", "three"});
  }
  CHECK(setup.negatives("z y x w v u t s r q") == Texts(crowd.begin(), crowd.begin() + 3));
}

TEST_CASE("An index that answers the same search twice in another order gives no wrong negatives") {
  const Json values = {{"output_ids_key", "ids"}, {"output_ranks_key", "ranks"}};
  const Texts texts = {"one", "positive", "Positive", "POSITIVE", "positive!", "two", "three"};
  using Order = std::vector<std::size_t>;
  const auto mined = [&](const Order& later, bool asks) {
    Mining setup(texts, values);  // five hits at first, of which one is a negative
    setup.index.later_order = later;
    setup.index.asks_what_is_enough = asks;
    const Outcome outcome = setup.run({{"question", "why?"}, {"text", "positive"}});
    REQUIRE(outcome.status.ok());
    CHECK(setup.index.queries.size() == 2);
    const Json& fields = outcome.records.at(0).fields();
    return Json{fields["hard_negatives"], fields["ids"], fields["ranks"]};
  };
  for (const bool asks : {false, true}) {
    CHECK(mined({4, 6, 3, 0, 2, 1, 5}, asks) ==
          Json{{"one", "three", "two"}, {"d0", "d6", "d5"}, {0, 1, 6}});
    CHECK(mined({1}, asks) == Json{{"one"}, {"d0"}, {0}});
    CHECK(mined({5, 2}, asks) == Json{{"one", "two"}, {"d0", "d5"}, {0, 0}});
  }
}

TEST_CASE("Where the corpus has fewer there are fewer, and the log says so once") {
  Mining setup({"one", "positive"});
  CHECK(setup.negatives("positive") == Texts{"one"});
  CHECK(setup.negatives("positive") == Texts{"one"});
  REQUIRE(setup.context.lines().size() == 1);
  CHECK(contains(setup.context.lines()[0], "a record gets 1 of 3 negatives"));
  using Counts = std::map<std::string, std::uint64_t>;
  const Json fields = {{"question", "why?"}, {"text", "positive"}};
  CHECK(setup.run(fields).counts == Counts{{"fewer_negatives", 1}});
  CHECK(Mining({"positive"}).run(fields).counts ==
        Counts{{"fewer_negatives", 1}, {"no_negatives", 1}});
  CHECK(Mining({"one", "two", "three"}).run(fields).counts.empty());
}

TEST_CASE("A record without question or text is an error that names node, field and what came") {
  Mining setup({"one"});
  const auto message = [&](Json fields) {
    const Outcome outcome = setup.run(std::move(fields));
    CHECK(outcome.status.fault() == Fault::record);
    CHECK(outcome.status.code() == StatusCode::invalid_data);
    CHECK(outcome.records.empty());
    return outcome.status.message();
  };
  CHECK(
      message({{"text", "t"}}) ==
      "node `negatives`: expected text in the field `question`, but the record has no such field");
  CHECK(message({{"question", "q"}, {"text", 3}}) ==
        "node `negatives`: expected text in the field `text`, found number");
  CHECK(message({{"question", " "}, {"text", "t"}}) ==
        "node `negatives`: expected text in the field `question`, found empty text");
}

TEST_CASE("A result that is already there stops the run, unless it may be overwritten") {
  const Json fields = {{"question", "q"}, {"text", "t"}, {"hard_negatives", Json::array()}};
  Mining setup({"one", "two", "three"});
  const Outcome refused = setup.run(fields);
  CHECK(refused.status.fault() == Fault::run);
  CHECK(refused.status.code() == StatusCode::invalid_argument);
  CHECK(contains(refused.status.message(), "already has a field `hard_negatives`"));
  CHECK(setup.index.queries.empty());

  Mining overwriting({"one", "two", "three"}, {{"overwrite", true}});
  const Outcome replaced = overwriting.run(fields);
  REQUIRE(replaced.status.ok());
  CHECK(replaced.records.at(0).fields()["hard_negatives"] == Texts{"one", "two", "three"});
}

TEST_CASE("The query is made from the template, with the fields' own names") {
  Mining setup({"one", "two", "three"}, {{"query", "{{ question }} in {{place}}: {{text}}"},
                                         {"input_question_key", "q"},
                                         {"input_text_key", "body"},
                                         {"output_negatives_key", "negatives"}});
  const Outcome outcome =
      setup.run({{"q", "why"}, {"body", "positive"}, {"place", "Rome"}, {"question", "other"}});
  REQUIRE(outcome.status.ok());
  CHECK(setup.index.queries == Texts{"why in Rome: positive"});
  CHECK(outcome.records.at(0).has("negatives"));
  const Outcome lacking = setup.run({{"q", "why"}, {"body", "positive"}});
  CHECK(contains(lacking.status.message(), "the field `place`"));
}

TEST_CASE("A template with open braces or without a name is refused before the first record") {
  const Status open = Mining({}, {{"query", "{{question"}}).opened;
  CHECK(open.code() == StatusCode::invalid_argument);
  CHECK(contains(open.message(),
                 "node `negatives` (BM25HardNeg): parameter `query`: "
                 "the `{{` at character 1 has no `}}`"));
  CHECK(contains(Mining({}, {{"query", "x {{ }}"}}).opened.message(), "found none"));
}

TEST_CASE("What the index answers instead of hits is the record's status") {
  Mining setup({"one"});
  setup.index.failure = Status::run_fault(StatusCode::unavailable, "no index");
  const Outcome outcome = setup.run({{"question", "q"}, {"text", "t"}});
  CHECK(outcome.status.fault() == Fault::run);
  CHECK(outcome.status.message() == "no index");
  CHECK(outcome.records.empty());
}

TEST_CASE("Ids, scores and ranks are stored beside the texts when fields for them are named") {
  Mining setup(
      {"one", "positive", "two", "three"},
      {{"output_ids_key", "ids"}, {"output_scores_key", "scores"}, {"output_ranks_key", "ranks"}});
  const Outcome outcome = setup.run({{"question", "why?"}, {"text", "positive"}});
  REQUIRE(outcome.status.ok());
  const Json& fields = outcome.records.at(0).fields();
  CHECK(fields["hard_negatives"] == Texts{"one", "two", "three"});
  CHECK(fields["ids"] == Texts{"d0", "d2", "d3"});
  CHECK(fields["scores"] == Json{100, 98, 97});
  CHECK(fields["ranks"] == Json{0, 2, 3});
  CHECK(Mining({"one"}).run({{"question", "q"}, {"text", "t"}}).records.at(0).fields().size() == 3);

  const Outcome refused =
      setup.run({{"question", "q"}, {"text", "positive"}, {"scores", Json::array()}});
  CHECK(refused.status.fault() == Fault::run);
  CHECK(contains(refused.status.message(), "already has a field `scores`"));
}

TEST_CASE("The positive's own score and rank are stored when fields for them are named") {
  const Json keys = {{"output_positive_score_key", "score"}, {"output_positive_rank_key", "rank"}};
  const auto placed = [](Mining& setup, const std::string& text) {
    const Outcome outcome = setup.run({{"question", "why?"}, {"text", text}});
    REQUIRE(outcome.status.ok());
    return outcome.records.at(0).fields();
  };
  Texts texts;
  for (int i = 0; i < 300; ++i) texts.push_back("text " + std::to_string(i));
  for (const bool asks : {false, true}) {
    Mining setup(texts, keys);
    setup.index.asks_what_is_enough = asks;
    const Json first = placed(setup, "Text 0!");
    CHECK(first["score"] == 100);
    CHECK(first["rank"] == 0);
    CHECK(first["hard_negatives"] == Texts{"text 1", "text 2", "text 3"});
    CHECK(setup.index.queries.size() == 1);
    // Below the negatives: they stay the same.
    const Json below = placed(setup, "text 42");
    CHECK(below["score"] == 58);
    CHECK(below["rank"] == 42);
    CHECK(below["hard_negatives"] == Texts{"text 0", "text 1", "text 2"});
    CHECK(placed(setup, "text 99")["rank"] == 99);
    const Json deep = placed(setup, "text 100");
    CHECK(deep["score"].is_null());
    CHECK(deep["rank"].is_null());
    CHECK(deep["hard_negatives"].size() == 3);
  }
  Json above = keys;
  above["hard_neg_start_index"] = 10;
  Mining later(texts, above);
  CHECK(placed(later, "text 2")["rank"] == 2);
  Json bounded = keys;
  bounded["max_score_ratio"] = 0.9;
  Mining ratio(texts, bounded);
  CHECK(placed(ratio, "text 2")["rank"] == 2);
  Mining few({"one", "two"}, keys);
  CHECK(placed(few, "elsewhere")["rank"].is_null());
}

TEST_CASE("The positive's own place is found where only a later answer has it among the first") {
  const Json values = {{"output_positive_score_key", "score"},
                       {"output_positive_rank_key", "rank"}};
  const Texts texts = {"one", "two", "three", "four", "five", "six", "seven", "positive", "eight"};
  for (const bool asks : {false, true}) {
    Mining setup(texts, values);  // five hits at first
    setup.index.later_order = {1, 0, 7, 3, 2, 4, 5, 6, 8};
    setup.index.asks_what_is_enough = asks;
    const Outcome outcome = setup.run({{"question", "why?"}, {"text", "positive"}});
    REQUIRE(outcome.status.ok());
    CHECK(setup.index.queries.size() == 2);
    const Json& fields = outcome.records.at(0).fields();
    CHECK(fields["score"] == 93);
    CHECK(fields["rank"] == 2);
    CHECK(fields["hard_negatives"] == Texts{"one", "two", "three"});
  }
}

TEST_CASE("min_score: what scores lower is no negative, and nothing further down is asked for") {
  Mining setup({"one", "positive", "two", "three", "four", "five", "six", "seven"},
               {{"min_score", 98}});
  CHECK(setup.negatives("positive") == Texts{"one", "two"});
  CHECK(setup.index.queries.size() == 1);
  REQUIRE(setup.context.lines().size() == 1);
  CHECK(contains(setup.context.lines()[0], "score within `min_score` and `max_score_ratio`"));
}

TEST_CASE("max_score_ratio: what scores higher than that share of the positive is no negative") {
  const Texts texts = {"one", "two", "positive", "three", "four", "five", "six"};  // positive: 98
  CHECK(Mining(texts, {{"max_score_ratio", 1}}).negatives("positive") ==
        Texts{"three", "four", "five"});
  CHECK(Mining(texts, {{"max_score_ratio", 0.975}}).negatives("positive") == Texts{"five", "six"});
  CHECK(Mining(texts, {{"max_score_ratio", 1.05}}).negatives("positive") ==
        Texts{"one", "two", "three"});
}

TEST_CASE("max_score_ratio: the positive is looked for further down; without it there are none") {
  Texts texts;
  for (int i = 0; i < 60; ++i) texts.push_back("text " + std::to_string(i));
  Mining setup(texts, {{"max_score_ratio", 0.99}});
  CHECK(setup.negatives("text 50") == Texts{"text 51", "text 52", "text 53"});
  CHECK(setup.index.queries.size() > 1);
  CHECK(Mining(texts, {{"max_score_ratio", 0.99}}).negatives("elsewhere").empty());

  for (int i = 60; i < 10'000; ++i) texts.push_back("text " + std::to_string(i));
  Mining deep(texts, {{"max_score_ratio", 0.99}});
  CHECK(deep.negatives("elsewhere").empty());
  CHECK(deep.index.queries.size() < 8);  // 4,096 hits are enough to know
}

TEST_CASE("k1 and b are the index's: others are refused when the node is opened") {
  SearchIndexTraits known;
  known.k1 = 0.9;
  known.b = 0.4;
  CHECK(Mining({}, {{"k1", 0.9}, {"b", 0.4}}, known).opened.ok());
  CHECK(Mining({}, {{"k1", 1.2}}).opened.ok());  // of an index that does not say
  const Status status = Mining({}, {{"b", 0.75}}, known).opened;
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(status.message() ==
        "node `negatives` (BM25HardNeg): parameter `b`: expected the index's 0.4, found 0.75; set "
        "it on the index, and leave it out here");

  Mining late({"one"}, {{"b", 0.75}});  // over an index that says it with its first answer
  CHECK(late.opened.ok());
  late.index.known = known;
  const Outcome outcome = late.run({{"question", "q"}, {"text", "t"}});
  CHECK(outcome.status.fault() == Fault::run);
  CHECK(outcome.status.message() == status.message());
}

TEST_CASE("A corpus named apart that lacks the records' texts stops the run") {
  SearchIndexTraits apart;
  apart.apart = true;
  Mining setup({"one", "two", "three", "four"}, Json::object(), apart);
  for (int i = 0; i < 9; ++i) {
    CHECK(setup.run({{"question", "q"}, {"text", "elsewhere"}}).status.ok());
  }
  CHECK(setup.index.queries.back() == "elsewhere");
  REQUIRE(setup.context.lines().size() == 1);
  CHECK(contains(setup.context.lines()[0], "own text is not in the corpus"));
  const Status status = setup.run({{"question", "q"}, {"text", "elsewhere"}}).status;
  CHECK(status.fault() == Fault::run);
  CHECK(status.code() == StatusCode::invalid_argument);
  CHECK(contains(status.message(), "10 of 10 records have a text (`text`) that is not in the"));
}

TEST_CASE("One positive of a hundred may be missing, and what a node reads is not looked for") {
  SearchIndexTraits apart;
  apart.apart = true;
  Mining setup({"one", "two", "three", "four"}, Json::object(), apart);
  for (int i = 0; i < 2000; ++i) {
    const bool missing = i >= 1000 && i % 100 == 0;
    const Status status =
        setup.run({{"question", "q"}, {"text", missing ? "elsewhere" : "one"}}).status;
    REQUIRE(status.ok());
  }
  Mining own({"one", "two", "three", "four"});
  for (int i = 0; i < 100; ++i) {
    REQUIRE(own.run({{"question", "q"}, {"text", "elsewhere"}}).status.ok());
  }
  CHECK(own.index.queries.size() == 100);
}

TEST_CASE("Eight threads run one operator") {
  Mining setup({"one", "positive", "two", "three"});
  std::atomic<int> right{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int n = 0; n < 50; ++n) {
          const Outcome outcome = setup.run({{"question", "why?"}, {"text", "positive"}});
          if (outcome.status.ok() &&
              outcome.records.at(0).fields()["hard_negatives"] == Texts{"one", "two", "three"}) {
            ++right;
          }
        }
      });
    }
  }
  CHECK(right == 8 * 50);
}

TEST_CASE("The identity of a text ignores case, white space, controls and punctuation only") {
  CHECK(identity_key("The  Cat's\tHat -- \xE2\x80\x9Cred\xE2\x80\x9D.\n") == "thecatshatred");
  CHECK(identity_key("ÄPFEL") == identity_key("äpfel"));
  CHECK(identity_key("2 + 2") != identity_key("2 2"));
  CHECK(identity_key("caf\xC3\xA9") != identity_key("cafe"));
  CHECK(identity_key("soft\xC2\xADhyphen") == "softhyphen");
}

}  // namespace
}  // namespace rare::bm25
