#include "retriever_sink.h"

#include <algorithm>
#include <utility>

#include "json_line.h"
#include "plugins/prompt/asking_operator.h"
#include "record_texts.h"

namespace rare::exports {
namespace {

Json texts_feature(const char* name) { return {{"name", name}, {"list", "string"}}; }

Json passages_feature(const char* name) {
  return {{"name", name}, {"list", Json::array({text_feature("docid"), text_feature("text")})}};
}

Json passage(const std::string& id, std::string_view text) {
  return {{"docid", id}, {"text", text}};
}

std::string negative_column(std::size_t number) { return "negative_" + std::to_string(number); }

}  // namespace

Spec RetrieverSink::spec() {
  Spec spec("export.retriever");
  spec.summary("Writes records as training data for retrievers: a folder that trainers load.")
      .description(
          "The folder gets train.jsonl and validation.jsonl, which share no document of a "
          "question, and README.md (a dataset card with counts, models and settings). "
          "`datasets.load_dataset` takes the folder as it is. A negative that is the document "
          "itself, or an earlier negative, is left out; README.md counts them. A record without "
          "negatives, or that lacks another thing that the form needs, is a dead letter that names "
          "the field. The forms flagembedding and tevatron have a column `document` besides: what "
          "decided the row's part; in triplets and tuples every column is a text to be embedded.");
  using This = RetrieverSink;
  declare<This>(spec);
  spec.param(&This::format_, "format", "flagembedding",
             "flagembedding: query, pos and neg. triplets: anchor, positive and negative, a row "
             "for each negative. tuples: anchor, positive, negative_1 to negative_N, where N is "
             "`num_neg`. tevatron: query, positive_passages and negative_passages.")
      .choices({"flagembedding", "triplets", "tuples", "tevatron"});
  spec.param(&This::query_, "query", "{{question}}",
             "What is searched for, or a file of it: {{fields}} of the record.")
      .text_or_file();
  spec.param(&This::num_neg_, "num_neg", 0,
             "How many negatives a record has at most, the first ones; 0: all. tuples have exactly "
             "so many.")
      .range(0, 1000);
  spec.param(&This::input_text_key_, "input_text_key", "text",
             "Field with the document that answers the question.");
  spec.reads_param("input_text_key");
  spec.param(&This::input_hardneg_key_, "input_hardneg_key", "hard_negatives",
             "Field with the list of texts that do not.");
  spec.reads_param("input_hardneg_key");
  spec.param(&This::input_id_key_, "input_id_key", "id",
             "tevatron: field with the document's id, which is that of the passage; the query's is "
             "the record's place in the run.");
  spec.param(&This::input_negative_ids_key_, "input_negative_ids_key", "",
             "tevatron: field with the list of the negatives' ids (BM25HardNeg's output_ids_key); "
             "empty: ids are made from the texts.");
  spec.reads_param("input_negative_ids_key");
  return spec;
}

Status RetrieverSink::prepare() const {
  if (format_ == "tuples" && num_neg_ == 0) {
    return configuration_error(
        "`format: tuples` needs `num_neg`, the number of columns for negatives, came 0; "
        "BM25HardNeg gives 3 unless told otherwise");
  }
  Result<prompt::PromptTemplate> parsed = prompt::PromptTemplate::parse("`query`", query_);
  if (!parsed) return configuration_error(parsed.status().message());
  template_ = std::move(*parsed);
  return Status();
}

Json RetrieverSink::settings() const {
  return {{"export", "export.retriever"},
          {"format", format_},
          {"query", query_},
          {"num_neg", num_neg_}};
}

Json RetrieverSink::features() const {
  if (format_ == "flagembedding") {
    return Json::array({text_feature("query"), texts_feature("pos"), texts_feature("neg"),
                        text_feature(kDocumentColumn)});
  }
  if (format_ == "tevatron") {
    return Json::array({text_feature("query_id"), text_feature("query"),
                        passages_feature("positive_passages"),
                        passages_feature("negative_passages"), text_feature(kDocumentColumn)});
  }
  Json features = Json::array({text_feature("anchor"), text_feature("positive")});
  if (format_ == "triplets") features.push_back(text_feature("negative"));
  for (int number = 1; format_ == "tuples" && number <= num_neg_; ++number) {
    features.push_back(text_feature(negative_column(static_cast<std::size_t>(number))));
  }
  return features;
}

Result<RetrieverSink::Example> RetrieverSink::example_of(const Record& record,
                                                         Counts& left_out) const {
  Example example;
  const Result<std::string_view> text = text_in(record, input_text_key_);
  if (!text) return text.status();
  example.positive = *text;
  Result<std::vector<std::string_view>> negatives =
      texts_in(record, input_hardneg_key_, "BM25HardNeg writes it");
  if (!negatives) return negatives.status();
  example.negatives = std::move(*negatives);
  if (Status added = add_ids(record, example); !added) return added;
  const std::size_t given = example.negatives.size();
  take_out_known(example, left_out);
  const auto most = static_cast<std::size_t>(num_neg_);
  const std::size_t least = format_ == "tuples" ? most : 1;
  if (example.negatives.size() < least) {
    const std::string taken_out =
        example.negatives.size() == given
            ? std::string()
            : " that are neither the document nor there twice, of " + std::to_string(given);
    return wrong_field(input_hardneg_key_, "a list of " + std::to_string(least) + " or more texts",
                       std::to_string(example.negatives.size()) + taken_out);
  }
  if (most > 0 && example.negatives.size() > most) example.negatives.resize(most);
  Result<std::string> query = rendered(template_, Json::object(), record);
  if (!query) return query.status();
  example.query = std::move(*query);
  return example;
}

Status RetrieverSink::add_ids(const Record& record, Example& example) const {
  if (format_ != "tevatron") return Status();
  Result<std::string> id = label_in(record, input_id_key_);
  if (!id) return id.status();
  example.positive_id = std::move(*id);
  Result<std::vector<std::string>> ids = ids_of(record, example.negatives);
  if (!ids) return ids.status();
  example.negative_ids = std::move(*ids);
  return Status();
}

void RetrieverSink::take_out_known(Example& example, Counts& left_out) {
  std::vector<std::string_view> known{prompt::trimmed(example.positive)};
  std::size_t kept = 0;
  for (std::size_t i = 0; i < example.negatives.size(); ++i) {
    const std::string_view text = prompt::trimmed(example.negatives[i]);
    const bool has_its_id =
        !example.negative_ids.empty() && example.negative_ids[i] == example.positive_id;
    if (text == known.front() || has_its_id) {
      left_out["negatives that are the document"] += 1;
    } else if (std::find(known.begin(), known.end(), text) != known.end()) {
      left_out["negatives that an earlier one is equal to"] += 1;
    } else {
      known.push_back(text);
      example.negatives[kept] = example.negatives[i];
      if (!example.negative_ids.empty()) {
        std::swap(example.negative_ids[kept], example.negative_ids[i]);
      }
      ++kept;
    }
  }
  example.negatives.resize(kept);
}

Status RetrieverSink::append_rows(const Record& record, const std::string& document,
                                  std::string& lines, Counts& left_out) const {
  const Result<Example> example = example_of(record, left_out);
  if (!example) return example.status();
  if (format_ == "tevatron") return append_tevatron(record, *example, document, lines);
  if (format_ == "flagembedding") {
    return append_json_line({{"query", example->query},
                             {"pos", Json::array({example->positive})},
                             {"neg", example->negatives},
                             {kDocumentColumn, document}},
                            lines);
  }
  return append_tuples(*example, lines);
}

Status RetrieverSink::append_tuples(const Example& example, std::string& lines) const {
  const JsonLine both{{"anchor", example.query}, {"positive", example.positive}};
  if (format_ == "tuples") {
    JsonLine row = both;
    for (const std::string_view negative : example.negatives) {
      row.emplace_back(negative_column(row.size() - 1), negative);
    }
    return append_json_line(row, lines);
  }
  for (const std::string_view negative : example.negatives) {
    JsonLine row = both;
    row.emplace_back("negative", negative);
    if (Status appended = append_json_line(row, lines); !appended) return appended;
  }
  return Status();
}

Result<std::vector<std::string>> RetrieverSink::ids_of(
    const Record& record, const std::vector<std::string_view>& negatives) const {
  std::vector<std::string> ids;
  if (input_negative_ids_key_.empty()) {
    for (const std::string_view text : negatives) ids.push_back(digest_label(text));
    return ids;
  }
  Result<std::vector<std::string>> given = labels_in(record, input_negative_ids_key_);
  if (!given) return given.status();
  if (given->size() != negatives.size()) {
    return wrong_field(input_negative_ids_key_, "an id for each negative",
                       std::to_string(given->size()) + " ids for " +
                           std::to_string(negatives.size()) + " negatives");
  }
  return given;
}

Status RetrieverSink::append_tevatron(const Record& record, const Example& example,
                                      const std::string& document, std::string& lines) {
  Json negatives = Json::array();
  for (const std::string_view text : example.negatives) {
    negatives.push_back(passage(example.negative_ids[negatives.size()], text));
  }
  return append_json_line(
      {{"query_id", record.id().to_string()},
       {"query", example.query},
       {"positive_passages", Json::array({passage(example.positive_id, example.positive)})},
       {"negative_passages", std::move(negatives)},
       {kDocumentColumn, document}},
      lines);
}

}  // namespace rare::exports
