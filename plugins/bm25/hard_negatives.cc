#include "plugins/bm25/hard_negatives.h"

#include <algorithm>
#include <limits>
#include <unordered_set>
#include <utility>

#include "plugins/bm25/text_identity.h"

namespace rare::bm25 {
namespace {

// Large enough for any use, small enough that no sum of them overflows.
constexpr int kMaxParameter = 1'000'000;

// The record's own text is usually among the first hits: asked for in advance.
constexpr int kSpareHits = 2;

int next_k(int k) {
  constexpr int kLargest = std::numeric_limits<int>::max();
  return k > kLargest / 4 ? kLargest : k * 4;
}

}  // namespace

Spec HardNegatives::spec() {
  return Spec("BM25HardNeg")
      .summary("Finds hard negatives: passages close to the question that are not its own.")
      .description(
          "Asks the index for the documents that rank best for the query, and takes the first "
          "`num_neg` of them from rank `hard_neg_start_index` on. The record's own text is never "
          "among them, nor is a text that differs from it, or from another negative, only in case, "
          "white space and punctuation, nor a near-duplicate of it. Where the corpus has fewer "
          "documents that share a term with the query, there are fewer negatives.")
      .service(&HardNegatives::index_, "index", "The search index over the corpus.")
      .param(&HardNegatives::num_neg_, "num_neg", 3, "How many negatives a record gets.")
      .range(1, kMaxParameter)
      .param(&HardNegatives::hard_neg_start_index_, "hard_neg_start_index", 0,
             "The rank of the first hit that may be a negative, counted from 0 before the record's "
             "own text is taken out.")
      .range(0, kMaxParameter)
      .param(
          &HardNegatives::near_duplicate_, "near_duplicate", 0.8,
          "How much a text may have in common with the record's own before it counts as a "
          "near-duplicate, which is no negative: runs of three words (of three characters in Han "
          "text) in both, as a share of those in either. 1: only where all are the same.")
      .range(0.05, 1)
      .param(&HardNegatives::query_, "query", "{{question}}",
             "The search query. {{question}} and {{text}} stand for the fields named by "
             "`input_question_key` and `input_text_key`, any other {{name}} for that field.")
      .param(&HardNegatives::input_question_key_, "input_question_key", "question",
             "The field that holds the question.")
      .param(&HardNegatives::input_text_key_, "input_text_key", "text",
             "The field that holds the record's own text, the positive.")
      .param(&HardNegatives::output_negatives_key_, "output_negatives_key", "hard_negatives",
             "The field for the list of negatives, best first.")
      .param(&HardNegatives::overwrite_, "overwrite", false,
             "Whether a field that is already there may be replaced.")
      .reads_param("input_question_key")
      .reads_param("input_text_key")
      .writes_param("output_negatives_key");
}

Status HardNegatives::open(Context& context) {
  context_ = &context;
  const std::vector<QueryTemplate::Alias> aliases = {{"question", input_question_key_},
                                                     {"text", input_text_key_}};
  Result<QueryTemplate> parsed = QueryTemplate::parse(query_, aliases);
  if (!parsed) {
    return Status(StatusCode::invalid_argument,
                  "node `" + context.name() +
                      "` (BM25HardNeg): parameter `query`: " + parsed.status().message());
  }
  template_ = std::move(*parsed);
  return Status();
}

Status HardNegatives::named(const Status& cause) const {
  return Status(cause.code(), "node `" + context_->name() + "`: " + cause.message());
}

Result<HardNegatives::Inputs> HardNegatives::inputs_of(const Record& record) const {
  if (!overwrite_ && record.has(output_negatives_key_)) {
    return Status::run_fault(
        StatusCode::invalid_argument,
        "node `" + context_->name() + "`: the record already has a field `" +
            output_negatives_key_ +
            "`; give the result another name with `output_negatives_key`, or allow it to be "
            "replaced with `overwrite: true`");
  }
  const Result<std::string_view> question = text_field(record, input_question_key_);
  if (!question) return named(question.status());
  const Result<std::string_view> text = text_field(record, input_text_key_);
  if (!text) return named(text.status());
  Result<std::string> query = template_.fill(record);
  if (!query) return named(query.status());
  return Inputs{std::move(*query), identity_key(*text), Shingles(*text)};
}

std::vector<std::string> HardNegatives::select(const SearchHits& reply,
                                               const Inputs& inputs) const {
  std::vector<std::string> negatives;
  std::unordered_set<std::string> taken = {inputs.positive_key};
  const auto start = static_cast<std::size_t>(hard_neg_start_index_);
  for (std::size_t rank = start; rank < reply.hits.size(); ++rank) {
    if (negatives.size() == static_cast<std::size_t>(num_neg_)) break;
    const std::string& text = reply.hits[rank].text;
    if (!taken.insert(identity_key(text)).second) continue;
    if (Shingles(text).similarity(inputs.positive) >= near_duplicate_) continue;
    negatives.push_back(text);
  }
  return negatives;
}

void HardNegatives::note_shortage(std::size_t found) {
  if (found >= static_cast<std::size_t>(num_neg_) || shortage_noted_.exchange(true)) return;
  context_->log(LogLevel::warning,
                "a record gets " + std::to_string(found) + " of " + std::to_string(num_neg_) +
                    " negatives: the corpus has no more documents that share a term with its query "
                    "and differ from its text (said once, may hold for others)");
}

Task<Status> HardNegatives::process(Record record, Output& out) {
  Result<Inputs> inputs = inputs_of(record);
  if (!inputs) co_return inputs.status();
  std::vector<std::string> negatives;
  int k = hard_neg_start_index_ + num_neg_ + kSpareHits;
  while (true) {
    SearchRequest request(inputs->query, k);
    Result<SearchHits> reply = co_await index_->search(std::move(request));
    if (!reply) co_return reply.status();
    negatives = select(*reply, *inputs);
    const bool exhausted = reply->hits.size() < static_cast<std::size_t>(k);
    if (negatives.size() == static_cast<std::size_t>(num_neg_) || exhausted) break;
    k = next_k(k);
  }
  note_shortage(negatives.size());
  record[output_negatives_key_] = std::move(negatives);
  co_return out.emit(std::move(record));
}

}  // namespace rare::bm25
