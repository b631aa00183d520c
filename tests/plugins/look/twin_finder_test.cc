#include "plugins/look/twin_finder.h"

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "catch.h"
#include "plugins/look/folded_words.h"
#include "rare/random.h"

namespace rare::look {
namespace {

FoldedWords folded(std::string_view text) {
  FoldedWords words;
  words.fold(text);
  return words;
}

TEST_CASE("texts are the same whatever their case, spacing and punctuation") {
  CHECK(folded("Salt, and\nPEPPER!").key() == "saltandpepper");
  CHECK(folded("Ärger im Büro").key() == folded("ÄRGER im \"büro\".").key());
  CHECK(folded("salt and pepper").identity() != folded("salt and peppers").identity());
  CHECK(folded("\xff\xfe salt").key() == "salt");
  CHECK(folded("").words().empty());
  CHECK(folded("one, two 3").words().size() == 3);
  CHECK(folded("猫は東京").words().size() == 4);
  // In lower case it has a byte more.
  CHECK(folded("ȺȺȺȺȺȺ").key() == "ⱥⱥⱥⱥⱥⱥ");
}

double shared(std::string_view question, std::string_view passage) {
  DistinctWords words;
  words.assign(folded(question));
  return words.share_in(folded(passage));
}

TEST_CASE("the overlap counts different words of three letters or more") {
  DistinctWords question;
  question.assign(folded("Why is salt salt in the sea?"));
  CHECK(question.size() == 4);  // why salt the sea
  CHECK(question.share_in(folded("The SEA is old, the sea is wide.")) == 0.5);
  CHECK(question.share_in(folded("")) == 0);
  CHECK(shared("a b", "a b salt") == 0);
  CHECK(shared("東京都", "東京は") == 0.5);
}

TEST_CASE("twins are found, and records of one family are none") {
  TwinFinder finder(100);
  for (const auto& [hash, family, record] : {std::array<std::uint64_t, 3>{7, 1, 9},
                                             {5, 2, 1},
                                             {7, 3, 2},
                                             {6, 4, 3},
                                             {6, 4, 4},
                                             {7, 5, 5}}) {
    finder.add(hash, family, record);
  }
  const TwinFinder::Found found = finder.find(10, 2);
  CHECK(found.groups == 1);
  CHECK(found.records == 3);
  REQUIRE(found.shown.size() == 1);
  CHECK(found.shown[0].count == 3);
  CHECK(found.shown[0].records == std::vector<std::uint64_t>{2, 5});
  CHECK(finder.one_in() == 1);
}

TEST_CASE("beyond its memory a part of the texts is compared, each of them with all of its twins") {
  TwinFinder finder(1000);
  Random hashes(3);
  std::uint64_t pairs_kept = 0;
  for (std::uint64_t i = 0; i < 4000; ++i) {
    const std::uint64_t hash = hashes.next();
    finder.add(hash, 2 * i, 2 * i);
    finder.add(hash, 2 * i + 1, 2 * i + 1);
  }
  const TwinFinder::Found found = finder.find(4000, 4);
  CHECK(finder.one_in() >= 8);
  CHECK(found.records == 2 * found.groups);
  CHECK(found.groups * finder.one_in() > 3000);
  CHECK(found.groups * finder.one_in() < 5000);
  for (const TwinFinder::Twins& twins : found.shown) pairs_kept += twins.count == 2 ? 1 : 0;
  CHECK(pairs_kept == found.shown.size());
}

TEST_CASE("the largest groups are shown, the earliest of these first") {
  TwinFinder finder(10000);
  for (std::uint64_t group = 0; group < 100; ++group) {
    for (std::uint64_t i = 0; i < 2 + (group == 77 ? 5 : 0); ++i) {
      finder.add(1000 - group, group * 10 + i, group * 10 + i);
    }
  }
  const TwinFinder::Found found = finder.find(3, 3);
  CHECK(found.groups == 100);
  REQUIRE(found.shown.size() == 3);
  CHECK(found.shown[0].count == 7);
  CHECK(found.shown[1].records.front() == 0);
  CHECK(found.shown[2].records.front() == 10);
}

}  // namespace
}  // namespace rare::look
