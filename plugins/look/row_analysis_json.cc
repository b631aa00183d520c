// What a RowAnalysis has gathered, for the page.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "row_analysis.h"

namespace rare::look {
namespace {

Json noted_json(const std::map<std::string, NotedRows>& noted) {
  Json list = Json::array();
  for (const auto& [what, rows] : noted) {
    list.push_back({{"what", what}, {"rows", rows.count()}, {"first", rows.first()}});
  }
  std::stable_sort(list.begin(), list.end(), [](const Json& a, const Json& b) {
    return a["rows"].get<std::uint64_t>() > b["rows"].get<std::uint64_t>();
  });
  return list;
}

Json field_json(const std::string& name, const FieldTally& tally) {
  Json types = Json::object();
  for (std::size_t i = 0; i < FieldTally::kTypes; ++i) {
    if (tally.types[i] > 0) types[FieldTally::kTypeNames[i]] = tally.types[i];
  }
  return {{"name", name},
          {"present", tally.present},
          {"types", std::move(types)},
          {"characters", tally.characters.summary()},
          {"tokens", tally.tokens.summary()}};
}

using Fields = std::map<std::string, FieldTally, std::less<>>;

// By name.
std::vector<const Fields::value_type*> fields_of_most_rows(const Fields& fields, std::size_t most) {
  std::vector<const Fields::value_type*> chosen;
  for (const auto& field : fields) chosen.push_back(&field);
  if (chosen.size() <= most) return chosen;
  std::stable_sort(chosen.begin(), chosen.end(), [](const auto* one, const auto* other) {
    return one->second.present > other->second.present;
  });
  chosen.resize(most);
  std::sort(chosen.begin(), chosen.end(),
            [](const auto* one, const auto* other) { return one->first < other->first; });
  return chosen;
}

}  // namespace

Json RowAnalysis::to_json() const {
  Json fields = Json::array();
  std::vector<std::pair<std::string, const Histogram*>> characters, tokens;
  for (const auto* field : fields_of_most_rows(fields_, kMostFields)) {
    const auto& [name, tally] = *field;
    fields.push_back(field_json(name, tally));
    if (tally.tokens.count() == 0) continue;
    characters.emplace_back(name, &tally.characters);
    tokens.emplace_back(name, &tally.tokens);
  }
  const std::size_t fields_left_out = fields_.size() - fields.size();
  Json unreadable = Json::array();
  for (const auto& [number, why] : faults_) {
    unreadable.push_back({{"row", number}, {"why", why}});
  }
  return {
      {"rows", rows_},
      {"unreadable", {{"rows", unreadable_.count()}, {"shown", std::move(unreadable)}}},
      {"fields", std::move(fields)},
      {"fields_left_out", fields_left_out},
      {"fields_uncounted", fields_uncounted_},
      {"problems", noted_json(problems_)},
      {"suspects", noted_json(suspects_)},
      {"lengths",
       {{"characters", Histogram::drawing(characters)}, {"tokens", Histogram::drawing(tokens)}}},
      {"overlap", Histogram::drawing({{"document", &overlap_positive_},
                                      {"nearest negative", &overlap_negatives_}})},
      {"scores",
       Histogram::drawing({{"document", &scores_positive_}, {"negatives", &scores_negatives_}})},
      {"ranks",
       Histogram::drawing({{"document", &ranks_positive_}, {"negatives", &ranks_negatives_}})}};
}

}  // namespace rare::look
