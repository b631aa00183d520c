#include "report_data.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "folded_words.h"
#include "near_twins.h"
#include "plugins/files/json_element.h"
#include "record_file.h"
#include "row_analysis.h"
#include "row_blocks.h"
#include "twin_finder.h"

namespace rare::look {
namespace {

constexpr std::size_t kMostRecordBytes = std::size_t{60} << 10;
constexpr std::size_t kMostTextBytes = std::size_t{20} << 10;
constexpr std::size_t kExcerptBytes = 240;
constexpr double kLeastShownShare = 0.7;
// Of the texts that are read again; they are held together.
constexpr std::size_t kMostComparedBytes = std::size_t{256} << 10;
constexpr std::size_t kUnlikeBytes = 240, kBeforeUnlikeBytes = 80;
constexpr std::size_t kMostTwinGroups = 30, kMostTwinsOfGroup = 20;
// Of near twins more are read, for the exact share leaves some out.
constexpr std::size_t kMostNearGroupsRead = 2 * kMostTwinGroups;
constexpr std::size_t kDeadLettersOfReason = 3, kMostDeadLetters = 60;
// Of a million dead letters the first are enough: all of their reasons are counted elsewhere.
constexpr std::size_t kDeadLettersLookedAt = 20'000;
constexpr std::size_t kDeadRecordBytes = std::size_t{8} << 10;

std::string cut_text(const std::string& text, std::size_t most_bytes) {
  if (text.size() <= most_bytes) return text;
  const std::size_t end = files::whole_characters(text, most_bytes);
  return text.substr(0, end) + " [cut: the first " + std::to_string(end) + " of " +
         std::to_string(text.size()) + " bytes]";
}

Json shorten(const Json& value, std::size_t most_text_bytes, std::size_t& room, int depth) {
  constexpr int kMostDepth = 12;
  if (value.is_string()) {
    const std::string& text = value.get_ref<const std::string&>();
    std::string shown = cut_text(text, std::min(most_text_bytes, room));
    room -= std::min(room, shown.size());
    return shown;
  }
  if (!value.is_structured()) {
    room -= std::min<std::size_t>(room, 8);
    return value;
  }
  if (depth == kMostDepth) return "[cut: nested deeper]";
  Json result = value.is_array() ? Json::array() : Json::object();
  std::size_t done = 0;
  for (auto at = value.begin(); at != value.end(); ++at, ++done) {
    if (room == 0) {
      const std::string left = std::to_string(value.size() - done) + " more";
      if (value.is_array())
        result.push_back("[cut: " + left + "]");
      else
        result["[cut]"] = left;
      break;
    }
    if (value.is_array()) {
      result.push_back(shorten(*at, most_text_bytes, room, depth + 1));
    } else {
      room -= std::min(room, at.key().size());
      result[cut_text(at.key(), kExcerptBytes)] =
          shorten(at.value(), most_text_bytes, room, depth + 1);
    }
  }
  return result;
}

// Reads blocks until there is none, on as many threads as there are cores.
class RowPass {
 public:
  RowPass(RowBlocks& blocks, const RowsToRead& rows, SharedTwins& twins)
      : blocks_(blocks), rows_(rows), twins_(twins) {}

  std::unique_ptr<RowAnalysis> run() {
    const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1U, 16U);
    std::vector<std::unique_ptr<RowAnalysis>> parts;
    for (unsigned i = 0; i < threads; ++i) {
      parts.push_back(std::make_unique<RowAnalysis>(rows_.roles, rows_.seed, twins_));
    }
    {
      std::vector<std::jthread> others;
      for (unsigned i = 1; i < threads; ++i) {
        others.emplace_back([this, &part = *parts[i]] { take_all(part); });
      }
      take_all(*parts[0]);
    }
    for (unsigned i = 1; i < threads; ++i) parts[0]->merge(*parts[i]);
    return std::move(parts[0]);
  }
  const std::string& fault() const { return fault_; }

 private:
  std::optional<RowBlock> next() {
    const std::lock_guard lock(mutex_);
    if (ended_) return std::nullopt;
    Result<std::optional<RowBlock>> block = blocks_.next();
    if (!block) fault_ = block.status().message();
    ended_ = !block || !*block;
    return ended_ ? std::nullopt : std::move(*block);
  }
  void take_all(RowAnalysis& analysis) {
    while (const std::optional<RowBlock> block = next()) {
      std::uint64_t number = block->first;
      for (const RowBlock::Row& row : block->rows) {
        if (row.fault.empty())
          analysis.add(number, block->text(row));
        else
          analysis.add_unreadable(number, row.fault);
        ++number;
      }
    }
    analysis.flush();
  }

  RowBlocks& blocks_;
  const RowsToRead& rows_;
  SharedTwins& twins_;
  std::mutex mutex_;
  bool ended_ = false;
  std::string fault_;
};

// Records by their number, from 1, seen on as far as they are asked for.
class Shown {
 public:
  explicit Shown(std::unique_ptr<RecordFile> records) : records_(std::move(records)) {}
  Json fields(std::uint64_t row) {
    while (records_->seen() < row && !records_->complete()) {
      if (!records_->look_on()) break;
    }
    Result<std::optional<FoundRecord>> found = records_->record(row - 1);
    return found && *found ? std::move((*found)->fields) : Json();
  }
  // What these records hold in `field`, as far as it is compared; empty where it is no text. Read
  // in the order of the file: packed ones have no other.
  std::map<std::uint64_t, std::string> texts(std::vector<std::uint64_t> rows,
                                             const std::string& field) {
    std::sort(rows.begin(), rows.end());
    std::map<std::uint64_t, std::string> texts;
    for (const std::uint64_t row : rows) {
      if (texts.contains(row)) continue;
      const Json found = fields(row);
      if (!found.is_object() || !found.contains(field) || !found[field].is_string()) continue;
      const std::string& text = found[field].get_ref<const std::string&>();
      texts[row] = text.substr(0, files::whole_characters(text, kMostComparedBytes));
    }
    return texts;
  }

 private:
  std::unique_ptr<RecordFile> records_;
};

Json twins_json(TwinFinder& twins, const std::string& field, Shown& records) {
  const TwinFinder::Found found = twins.find(kMostTwinGroups, kMostTwinsOfGroup);
  std::vector<std::uint64_t> rows;
  for (const TwinFinder::Twins& group : found.shown) rows.push_back(group.records.front());
  auto texts = records.texts(std::move(rows), field);
  Json shown = Json::array();
  for (const TwinFinder::Twins& group : found.shown) {
    const std::string excerpt = cut_text(texts[group.records.front()], kExcerptBytes);
    shown.push_back({{"rows", group.records}, {"count", group.count}, {"excerpt", excerpt}});
  }
  return {{"field", field},
          {"groups", found.groups},
          {"rows", found.records},
          {"one_in", twins.one_in()},
          {"shown", std::move(shown)}};
}

// The first place where the two differ, with a little before it.
std::pair<std::string, std::string> unlike_parts(const std::string& one, const std::string& other) {
  const auto differ = std::mismatch(one.begin(), one.end(), other.begin(), other.end()).first;
  const auto same = static_cast<std::size_t>(differ - one.begin());
  const std::size_t begin =
      same < kBeforeUnlikeBytes ? 0 : files::whole_characters(one, same - kBeforeUnlikeBytes);
  const auto part = [begin](const std::string& text) {
    const std::size_t end = files::whole_characters(text, begin + kUnlikeBytes);
    return (begin > 0 ? "... " : "") + text.substr(begin, end - begin) +
           (end < text.size() ? " ..." : "");
  };
  return {part(one), part(other)};
}

Json near_twins_json(NearTwinFinder& twins, const std::string& field, Shown& records) {
  const NearTwinFinder::Found found = twins.find(kMostNearGroupsRead, kMostTwinsOfGroup);
  std::vector<std::uint64_t> rows;
  for (const NearTwinFinder::Twins& group : found.shown) {
    rows.insert(rows.end(), {group.unlike.first, group.unlike.second});
  }
  auto texts = records.texts(std::move(rows), field);
  Json shown = Json::array();
  std::size_t dropped = 0;
  for (const NearTwinFinder::Twins& group : found.shown) {
    if (shown.size() == kMostTwinGroups) break;
    const std::string& one = texts[group.unlike.first];
    const std::string& other = texts[group.unlike.second];
    FoldedWords words, other_words;
    words.fold(one);
    other_words.fold(other);
    const double share = runs_in_common(words, other_words);
    if (share < kLeastShownShare) {  // alike by their sketches alone
      ++dropped;
      continue;
    }
    const auto [part, other_part] = unlike_parts(one, other);
    shown.push_back({{"rows", group.records},
                     {"count", group.count},
                     {"pair", {group.unlike.first, group.unlike.second}},
                     {"share", share},
                     {"excerpts", {part, other_part}}});
  }
  return {{"field", field},           {"groups", found.groups}, {"rows", found.records},
          {"one_in", twins.one_in()}, {"dropped", dropped},     {"shown", std::move(shown)}};
}

}  // namespace

Json shortened(const Json& value, std::size_t most_text_bytes, std::size_t most_bytes) {
  std::size_t room = most_bytes;
  return shorten(value, most_text_bytes, room, 0);
}

Result<Json> rows_data(const RowsToRead& rows) {
  Result<std::unique_ptr<RowBlocks>> blocks = RowBlocks::open(rows.file, rows.parameters, rows.end);
  if (!blocks) return blocks.status();
  SharedTwins twins;
  RowPass pass(**blocks, rows, twins);
  const std::unique_ptr<RowAnalysis> analysis = pass.run();
  Result<std::unique_ptr<RecordFile>> records = (*blocks)->records();
  if (!records) return records.status();
  Shown shown(std::move(*records));
  Json sampled = Json::array();
  for (const std::uint64_t row : analysis->sampled()) {
    sampled.push_back(
        {{"row", row}, {"fields", shortened(shown.fields(row), kMostTextBytes, kMostRecordBytes)}});
  }
  return Json{{"analysis", analysis->to_json()},
              {"twins",
               {{"texts", twins_json(twins.texts, rows.roles.text, shown)},
                {"near_texts", near_twins_json(twins.near_texts, rows.roles.text, shown)},
                {"questions", twins_json(twins.questions, rows.roles.question, shown)}}},
              {"sampled", std::move(sampled)},
              {"cut_short", pass.fault()}};
}

Json dead_letters_shown(const std::string& file) {
  Json shown = Json::array();
  std::ifstream lines(file);
  std::map<std::pair<std::string, std::string>, std::size_t> taken;
  std::string line;
  for (std::size_t looked_at = 0; looked_at < kDeadLettersLookedAt; ++looked_at) {
    if (shown.size() == kMostDeadLetters || !std::getline(lines, line)) break;
    const Json letter = Json::parse(line, nullptr, false);
    if (!letter.is_object()) continue;
    const auto key = std::make_pair(letter.value("node", ""), letter.value("reason", ""));
    if (++taken[key] > kDeadLettersOfReason) continue;
    shown.push_back(shortened(letter, kDeadRecordBytes, kDeadRecordBytes));
  }
  return shown;
}

}  // namespace rare::look
