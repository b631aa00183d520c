#include "row_analysis.h"

#include <simdjson.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "folded_words.h"
#include "plugins/phrases/self_contained.h"
#include "plugins/tokens/token_estimate.h"
#include "rare/random.h"

namespace rare::look {
namespace {

namespace dom = simdjson::dom;

constexpr std::size_t kFaultsKept = 10;
constexpr std::size_t kTwinsHeldBack = 4096;
constexpr std::size_t kMostFaultBytes = 300;

// Of FieldTally::kTypeNames.
constexpr std::size_t kText = 0, kNumber = 1, kTruth = 2, kList = 3, kObject = 4, kNull = 5;

std::size_t type_of(dom::element value) {
  switch (value.type()) {
    case dom::element_type::STRING:
      return kText;
    case dom::element_type::BOOL:
      return kTruth;
    case dom::element_type::ARRAY:
      return kList;
    case dom::element_type::OBJECT:
      return kObject;
    case dom::element_type::NULL_VALUE:
      return kNull;
    default:
      return kNumber;
  }
}

std::size_t characters_in(std::string_view bytes) {
  std::size_t characters = 0;
  for (const char byte : bytes) characters += (static_cast<unsigned char>(byte) & 0xC0) != 0x80;
  return characters;
}

// Whether a text stops in the middle of a sentence: behind a letter, a comma and the like, or
// before a mark that was opened is closed.
bool breaks_off(std::string_view text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  if (end == std::string_view::npos) return false;
  text = text.substr(0, end + 1);
  const auto opens = [&](std::string_view mark) {
    return text.rfind(mark) != std::string_view::npos;
  };
  if (opens("<think>") && !opens("</think>")) return true;
  if (opens("<answer>") && !opens("</answer>")) return true;
  const unsigned char last = static_cast<unsigned char>(text.back());
  if (last < 0x80) {
    return (last >= 'a' && last <= 'z') || (last >= 'A' && last <= 'Z') ||
           std::string_view(",;:-([{").find(text.back()) != std::string_view::npos;
  }
  for (const std::string_view mark : {"，", "、", "；", "：", "—", "（"}) {
    if (text.ends_with(mark)) return true;
  }
  // A word of another script, which has its own full stops.
  FoldedWords words;
  std::size_t begin = text.size() - 1;
  while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0) == 0x80) --begin;
  words.fold(text.substr(begin));
  return !words.words().empty();
}

}  // namespace

const std::array<const char*, FieldTally::kTypes> FieldTally::kTypeNames = {
    "text", "number", "true or false", "list", "object", "null"};

void FieldTally::merge(const FieldTally& other) {
  present += other.present;
  for (std::size_t i = 0; i < kTypes; ++i) types[i] += other.types[i];
  characters.merge(other.characters);
  tokens.merge(other.tokens);
}

void NotedRows::keep(std::uint64_t row) {
  const auto at = std::lower_bound(first_.begin(), first_.end(), row);
  if (first_.size() == kMostShown && at == first_.end()) return;
  first_.insert(at, row);
  if (first_.size() > kMostShown) first_.pop_back();
}

void NotedRows::add(std::uint64_t row) {
  ++count_;
  keep(row);
}

void NotedRows::merge(const NotedRows& other) {
  count_ += other.count_;
  for (const std::uint64_t row : other.first_) keep(row);
}

void RowSample::keep(std::pair<std::uint64_t, std::uint64_t> drawn) {
  if (drawn_.size() == size_ && !(drawn < drawn_.front())) return;
  drawn_.push_back(drawn);
  std::push_heap(drawn_.begin(), drawn_.end());
  if (drawn_.size() <= size_) return;
  std::pop_heap(drawn_.begin(), drawn_.end());
  drawn_.pop_back();
}

void RowSample::add(std::uint64_t row) {
  keep({Random(seed_ ^ (row * 0x9e3779b97f4a7c15ULL)).next(), row});
}

void RowSample::merge(const RowSample& other) {
  for (const auto& drawn : other.drawn_) keep(drawn);
}

std::vector<std::uint64_t> RowSample::rows() const {
  std::vector<std::uint64_t> rows;
  for (const auto& [priority, row] : drawn_) rows.push_back(row);
  std::sort(rows.begin(), rows.end());
  return rows;
}

// What one row holds, valid until the next.
struct RowAnalysis::Scratch {
  dom::parser parser{std::size_t{256} << 20};
  std::string mended;
  dom::object fields;
  dom::array list;      // the field that is looked at
  std::string id_text;  // of an `id` that is a number
  std::optional<std::string_view> id, text, question, scenario, reasoning;
  std::vector<std::string_view> negatives;
  bool has_negatives = false;
  std::vector<double> negative_scores, negative_ranks;
  std::optional<double> positive_score, positive_rank;
  bool positive_is_unplaced = false;  // there is a place for them, and null
  FoldedWords text_words, question_words, negative_words;
  DistinctWords asked;  // of the question

  simdjson::error_code parse(std::string_view row) {
    dom::element element;
    const auto read = [&](std::string_view from, bool padded) {
      simdjson::error_code error = parser.parse(from.data(), from.size(), !padded).get(element);
      return error != simdjson::SUCCESS ? error : element.get(fields);
    };
    const simdjson::error_code error = read(row, true);
    if (error == simdjson::SUCCESS || error == simdjson::INCORRECT_TYPE) return error;
    // An integer of more digits than fit, which other readers take as floating point.
    const Json value = Json::parse(row, nullptr, false);
    if (value.is_discarded()) return error;
    mended = value.dump();
    return read(mended, false);
  }
  void clear() {
    id = text = question = scenario = reasoning = std::nullopt;
    positive_score = positive_rank = std::nullopt;
    negatives.clear();
    negative_scores.clear();
    negative_ranks.clear();
    has_negatives = positive_is_unplaced = false;
  }
};

RowAnalysis::RowAnalysis(FieldRoles roles, std::uint64_t seed, SharedTwins& twins)
    : roles_(std::move(roles)),
      twins_(twins),
      scratch_(std::make_unique<Scratch>()),
      sample_(seed, kSampled) {}
RowAnalysis::~RowAnalysis() = default;

void RowAnalysis::add_unreadable(std::uint64_t number, const std::string& why) {
  ++rows_;
  unreadable_.add(number);
  if (faults_.size() < kFaultsKept) faults_.emplace_back(number, why.substr(0, kMostFaultBytes));
}

void RowAnalysis::add(std::uint64_t number, std::string_view row) {
  if (const simdjson::error_code error = scratch_->parse(row); error != simdjson::SUCCESS) {
    add_unreadable(number,
                   error == simdjson::INCORRECT_TYPE
                       ? "expected an object, came another JSON value"
                       : std::string("expected a JSON object: ") + simdjson::error_message(error));
    return;
  }
  ++rows_;
  sample_.add(number);
  scratch_->clear();
  take_fields(number);
  compare(number);
  if (texts_.size() + questions_.size() >= kTwinsHeldBack) flush();
}

FieldTally* RowAnalysis::tally_of(std::string_view field) {
  if (const auto at = fields_.find(field); at != fields_.end()) return &at->second;
  if (fields_.size() >= kMostCountedFields) {
    ++fields_uncounted_;
    return nullptr;
  }
  return &fields_[std::string(field)];
}

// What a field's texts come to.
struct RowAnalysis::Measure {
  std::size_t characters = 0, quarters = 0;  // of a token
  bool any = false;

  void add(std::string_view words) {
    any = true;
    characters += characters_in(words);
    quarters += tokens::estimate_quarter_tokens(words);
  }
};

void RowAnalysis::note_problem(std::uint64_t number, std::string_view field,
                               const std::string& what) {
  problems_["'" + std::string(field) + "' " + what].add(number);
}

void RowAnalysis::take_list(std::uint64_t number, std::string_view key, Measure& measure) {
  Scratch& row = *scratch_;
  const bool negatives = !roles_.negatives.empty() && key == roles_.negatives;
  if (negatives) {
    row.negatives.clear();
    row.has_negatives = true;
  }
  for (const dom::element item : row.list) {
    double single = 0;
    std::string_view words;
    if (item.get(words) == simdjson::SUCCESS) {
      measure.add(words);
      if (negatives) row.negatives.push_back(words);
    } else if (negatives) {
      note_problem(number, key, "has an item that is no text");
    } else if (item.get(single) == simdjson::SUCCESS) {
      if (key == roles_.negative_scores) row.negative_scores.push_back(single);
      if (key == roles_.negative_ranks) row.negative_ranks.push_back(single);
    }
  }
}

void RowAnalysis::take_text(std::string_view key, std::string_view text) {
  Scratch& row = *scratch_;
  if (key == roles_.id) row.id = text;
  if (key == roles_.text) row.text = text;
  if (key == roles_.question) row.question = text;
  if (key == roles_.scenario) row.scenario = text;
  if (key == roles_.reasoning) row.reasoning = text;
}

void RowAnalysis::take_fields(std::uint64_t number) {
  Scratch& row = *scratch_;
  const std::array<const std::string*, 4> texts = {&roles_.text, &roles_.question, &roles_.scenario,
                                                   &roles_.reasoning};
  for (const auto& field : row.fields) {
    const std::string_view key = field.key;
    const dom::element value = field.value;
    const std::size_t type = type_of(value);
    FieldTally* tally = tally_of(key);
    if (tally != nullptr) {
      ++tally->present;
      ++tally->types[type];
    }
    Measure measure;
    std::string_view text;
    double single = 0;
    if (value.get(text) == simdjson::SUCCESS) {
      measure.add(text);
      take_text(key, text);
    } else if (value.get(row.list) == simdjson::SUCCESS) {
      take_list(number, key, measure);
    } else if (value.get(single) == simdjson::SUCCESS) {
      if (key == roles_.id) row.id = row.id_text = simdjson::minify(value);
      if (key == roles_.positive_score) row.positive_score = single;
      if (key == roles_.positive_rank) row.positive_rank = single;
    } else if (type == kNull && (key == roles_.positive_rank || key == roles_.positive_score)) {
      row.positive_is_unplaced = true;
    }
    const std::string came = FieldTally::kTypeNames[type];
    if (type != kText && std::any_of(texts.begin(), texts.end(),
                                     [&](const std::string* role) { return key == *role; })) {
      note_problem(number, key, "is no text but " + came);
    }
    if (type != kList && key == roles_.negatives) {
      note_problem(number, key, "is no list but " + came);
    }
    if (tally == nullptr || !measure.any) continue;
    tally->characters.add(static_cast<double>(measure.characters));
    const std::size_t whole_tokens = (measure.quarters + 3) / 4;
    tally->tokens.add(static_cast<double>(whole_tokens));
  }
  for (const std::string* role : {&roles_.text, &roles_.question, &roles_.reasoning}) {
    dom::element there;
    if (!role->empty() && row.fields[*role].get(there) != simdjson::SUCCESS) {
      note_problem(number, *role, "is missing");
    }
  }
}

void RowAnalysis::compare(std::uint64_t number) {
  Scratch& row = *scratch_;
  if (row.text) {
    row.text_words.fold(*row.text);
    const std::size_t words = row.text_words.words().size();
    if (words < kShortTextWords) suspects_["document of few words"].add(number);
    if (words > kLongTextWords) suspects_["document of very many words"].add(number);
    if (words > 0) note_text(number);
  }
  if (row.question) judge_question(number);
  if (row.has_negatives) judge_negatives(number);
  if (row.reasoning) judge_reasoning(number);
  take_scores(number);
}

void RowAnalysis::note_text(std::uint64_t number) {
  const Scratch& row = *scratch_;
  const std::uint64_t family =
      roles_.several_of_a_document && row.id ? std::hash<std::string_view>()(*row.id) : number;
  const std::uint64_t identity = row.text_words.identity();
  texts_.push_back({identity, family, number});
  if (const std::optional<NearSketch> sketch = NearSketch::of(row.text_words)) {
    near_texts_.push_back({*sketch, identity, family, number});
  }
}

void RowAnalysis::judge_question(std::uint64_t number) {
  Scratch& row = *scratch_;
  FoldedWords& question = row.question_words;
  question.fold(*row.question);
  const std::size_t words = question.words().size();
  if (words == 0) {
    suspects_["question is empty"].add(number);
    return;
  }
  if (words < kShortQuestionWords) suspects_["question of few words"].add(number);
  if (words > kLongQuestionWords) suspects_["question of very many words"].add(number);
  if (!phrases::leaning_phrase(*row.question, row.scenario.value_or("")).empty()) {
    suspects_["question speaks of a text that its reader does not have"].add(number);
  }
  questions_.push_back({question.identity(), number, number});
  row.asked.assign(question);
  if (!row.text) return;
  if (words >= kCopiedWords && row.text_words.key().find(question.key()) != std::string::npos) {
    suspects_["question is copied from the document"].add(number);
  }
  overlap_positive_.add(row.asked.share_in(row.text_words));
}

void RowAnalysis::judge_negatives(std::uint64_t number) {
  Scratch& row = *scratch_;
  if (row.negatives.empty()) suspects_["no negatives"].add(number);
  double best = 0;
  std::vector<std::uint64_t> identities;
  for (const std::string_view negative : row.negatives) {
    row.negative_words.fold(negative);
    const std::uint64_t identity = row.negative_words.identity();
    if (row.text && identity == row.text_words.identity()) {
      suspects_["negative is the document itself"].add(number);
    }
    if (std::find(identities.begin(), identities.end(), identity) != identities.end()) {
      suspects_["the same negative twice"].add(number);
    }
    identities.push_back(identity);
    if (row.question) best = std::max(best, row.asked.share_in(row.negative_words));
  }
  if (row.question && !row.negatives.empty() && !row.question_words.words().empty()) {
    overlap_negatives_.add(best);
  }
}

void RowAnalysis::judge_reasoning(std::uint64_t number) {
  const std::string_view reasoning = *scratch_->reasoning;
  if (reasoning.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    suspects_["reasoning is empty"].add(number);
  } else if (breaks_off(reasoning)) {
    suspects_["reasoning seems cut off"].add(number);
  }
}

void RowAnalysis::take_scores(std::uint64_t number) {
  const Scratch& row = *scratch_;
  for (const double score : row.negative_scores) scores_negatives_.add(score);
  for (const double rank : row.negative_ranks) ranks_negatives_.add(rank + 1);
  if (row.positive_score) scores_positive_.add(*row.positive_score);
  if (row.positive_rank) ranks_positive_.add(*row.positive_rank + 1);
  if (row.positive_is_unplaced) {
    suspects_["document is not among the hits that were looked at"].add(number);
  }
  if (row.positive_score && !row.negative_scores.empty() &&
      *std::max_element(row.negative_scores.begin(), row.negative_scores.end()) >
          *row.positive_score) {
    suspects_["negative scores above the document"].add(number);
  }
}

void RowAnalysis::flush() {
  const std::lock_guard lock(twins_.mutex);
  for (const TwinEntry& entry : texts_) twins_.texts.add(entry.hash, entry.family, entry.row);
  for (const TwinEntry& entry : questions_)
    twins_.questions.add(entry.hash, entry.family, entry.row);
  for (const NearTwinFinder::Text& text : near_texts_) twins_.near_texts.add(text);
  texts_.clear();
  questions_.clear();
  near_texts_.clear();
}

void RowAnalysis::merge(const RowAnalysis& other) {
  rows_ += other.rows_;
  unreadable_.merge(other.unreadable_);
  faults_.insert(faults_.end(), other.faults_.begin(), other.faults_.end());
  std::sort(faults_.begin(), faults_.end());
  if (faults_.size() > kFaultsKept) faults_.resize(kFaultsKept);
  fields_uncounted_ += other.fields_uncounted_;
  for (const auto& [name, tally] : other.fields_) fields_[name].merge(tally);
  for (const auto& [what, rows] : other.problems_) problems_[what].merge(rows);
  for (const auto& [what, rows] : other.suspects_) suspects_[what].merge(rows);
  sample_.merge(other.sample_);
  overlap_positive_.merge(other.overlap_positive_);
  overlap_negatives_.merge(other.overlap_negatives_);
  scores_positive_.merge(other.scores_positive_);
  scores_negatives_.merge(other.scores_negatives_);
  ranks_positive_.merge(other.ranks_positive_);
  ranks_negatives_.merge(other.ranks_negatives_);
}

}  // namespace rare::look
