#include "plugins/bm25/analyzer.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "catch.h"
#include "fixtures.h"
#include "plugins/bm25/code_points.h"
#include "plugins/bm25/icu_analyzer.h"
#include "plugins/bm25/porter_stemmer.h"
#include "plugins/bm25/stem_digest.h"
#include "plugins/bm25/tokenizer.h"

namespace rare::bm25 {
namespace {

using testing::fixture_lines;
using testing::from_hex;
using testing::split;
using testing::unescaped;
using testing::words;
using Terms = std::vector<std::string>;

// Where each byte of a text stands in UTF-16 units.
std::vector<std::size_t> utf16_offsets(const std::string& text) {
  std::vector<std::size_t> offsets(text.size() + 1);
  std::size_t units = 0;
  for (std::size_t at = 0; at < text.size();) {
    const DecodedCodePoint next = decode_utf8(text, at);
    offsets[at] = units;
    units += static_cast<std::size_t>(utf16_units(next.code_point));
    at += next.bytes;
  }
  offsets[text.size()] = units;
  return offsets;
}

// "begin-end" of each term, as the fixtures write them.
std::string places_of(const std::string& text, const std::vector<TokenBounds>& places) {
  const std::vector<std::size_t> offsets = utf16_offsets(text);
  std::string line;
  for (const TokenBounds& place : places) {
    line += (line.empty() ? "" : " ") + std::to_string(offsets[place.begin]) + "-" +
            std::to_string(offsets[place.end]);
  }
  return line;
}

// How many lines of a fixture give other terms, or other places, than Lucene's; the first few are
// shown.
int differences_in_tokens(const std::string& fixture, std::size_t& lines) {
  std::map<std::string, std::unique_ptr<const Analyzer>> analyzers;
  for (const std::string& name : analyzer_names()) analyzers[name] = make_analyzer(name);
  int different = 0;
  for (const std::string& line : fixture_lines(fixture)) {
    const std::vector<std::string> columns = split(line, '\t');
    Terms expected;
    for (const std::string& term : words(columns.at(2))) expected.push_back(unescaped(term));
    const std::string text = unescaped(columns.at(1));
    Terms terms;
    std::vector<TokenBounds> places;
    TokenSink sink(terms, &places);
    analyzers.at(columns.at(0))->analyze_into(text, sink);
    ++lines;
    if (terms == expected && places_of(text, places) == columns.at(3)) continue;
    if (++different <= 5) UNSCOPED_INFO(line);
  }
  return different;
}

TEST_CASE("Terms and their places equal those of Lucene's analyzers on difficult lines") {
  for (const char* fixture : {"tokens.tsv", "tokens_difficult.tsv"}) {
    INFO(fixture);
    std::size_t lines = 0;
    CHECK(differences_in_tokens(fixture, lines) == 0);
    CHECK(lines >= 400);
  }
}

TEST_CASE("Terms equal Lucene's where Unicode 12.1 differs from Unicode 9") {
  std::size_t lines = 0;
  CHECK(differences_in_tokens("tokens_unicode12.tsv", lines) == 0);
  CHECK(lines >= 500);
}

std::uint64_t hash_of_breaks(const std::string& text) {
  const std::vector<std::size_t> utf16_offset = utf16_offsets(text);
  constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t hash = 0xcbf29ce484222325;
  for (auto token = next_word(text, 0); token; token = next_word(text, token->end)) {
    hash = (hash ^ utf16_offset[token->begin]) * kPrime;
    hash = (hash ^ utf16_offset[token->end]) * kPrime;
  }
  return hash;
}

std::string contexts_around(const std::string& contexts, char32_t code_point) {
  std::string text;
  for (const char c : contexts) {
    if (c == 'X') {
      append_utf8(code_point, text);
    } else {
      text.push_back(c);
    }
  }
  return text;
}

// At the borders of Lucene's ranges and inside them: all 1.1 million code points take too long
// here.
TEST_CASE("Words break around each kind of code point where Lucene's tokenizer breaks them") {
  std::string contexts;
  for (const std::string& line : fixture_lines("contexts.txt")) contexts += line + "\n";
  const std::vector<std::string> ranges = fixture_lines("code_points.tsv");
  REQUIRE(ranges.size() > 1000);
  int different = 0;
  for (std::size_t i = 0; i < ranges.size(); ++i) {
    const std::vector<std::string> columns = split(ranges[i], '\t');
    const auto first = static_cast<char32_t>(from_hex(columns.at(0)));
    const auto last = static_cast<char32_t>(
        i + 1 < ranges.size() ? from_hex(split(ranges[i + 1], '\t').at(0)) - 1 : 0x10FFFF);
    for (const char32_t code_point :
         std::array{first, char32_t(first + (last - first) / 2), last}) {
      if (code_point >= 0xD800 && code_point <= 0xDFFF) continue;
      if (hash_of_breaks(contexts_around(contexts, code_point)) != from_hex(columns.at(1))) {
        if (++different <= 5) UNSCOPED_INFO(ranges[i]);
      }
    }
  }
  CHECK(different == 0);
}

TEST_CASE("Bytes that are not UTF-8 decode as Java decodes them") {
  int different = 0;
  for (const std::string& line : fixture_lines("decoding.tsv")) {
    const std::vector<std::string> columns = split(line, '\t');
    std::string bytes;
    for (std::size_t i = 0; i < columns.at(0).size(); i += 2) {
      bytes.push_back(static_cast<char>(from_hex(columns[0].substr(i, 2))));
    }
    std::vector<char32_t> expected;
    for (const std::string& code_point : words(columns.at(1))) {
      expected.push_back(static_cast<char32_t>(from_hex(code_point)));
    }
    std::vector<char32_t> decoded;
    for (std::size_t at = 0; at < bytes.size();) {
      const DecodedCodePoint next = decode_utf8(bytes, at);
      decoded.push_back(next.code_point);
      at += next.bytes;
    }
    if (decoded != expected && ++different <= 5) UNSCOPED_INFO(line);
  }
  CHECK(different == 0);
}

std::u16string to_utf16(const std::string& text) {
  std::u16string units;
  for (std::size_t at = 0; at < text.size();) {
    const DecodedCodePoint next = decode_utf8(text, at);
    if (utf16_units(next.code_point) == 2) {
      units.push_back(static_cast<char16_t>(0xD7C0 + (next.code_point >> 10)));
      units.push_back(static_cast<char16_t>(0xDC00 + (next.code_point & 0x3FF)));
    } else {
      units.push_back(static_cast<char16_t>(next.code_point));
    }
    at += next.bytes;
  }
  return units;
}

TEST_CASE("Stems equal those of Lucene's Porter stemmer") {
  int different = 0;
  std::size_t lines = 0;
  for (const std::string& line : fixture_lines("stems.tsv")) {
    const std::vector<std::string> columns = split(line, '\t');
    ++lines;
    std::u16string units = to_utf16(columns.at(0));
    const bool is_ascii = units.size() == columns[0].size();
    units.resize(porter_stem(units.data(), units.size()));
    std::string ascii = is_ascii ? columns[0] : std::string();
    ascii.resize(porter_stem(ascii.data(), ascii.size()));
    const bool equal = units == to_utf16(columns.at(1)) && (!is_ascii || ascii == columns[1]);
    if (!equal && ++different <= 5) UNSCOPED_INFO(line);
  }
  CHECK(lines > 4000);
  CHECK(different == 0);
}

TEST_CASE("The english analyzer strips, lowers, drops stop words and stems") {
  const auto english = make_analyzer("english");
  CHECK(english->terms_of("The Foxes' tails weren't RUNNING over the dog's beds") ==
        Terms{"fox", "tail", "weren't", "run", "over", "dog", "bed"});
  CHECK(english->terms_of("to be or not to be").empty());
  CHECK(english->terms_of("").empty());
}

TEST_CASE("The other analyzers neither stem nor drop words") {
  CHECK(make_analyzer("standard")->terms_of("The Dog's beds, re-made") ==
        Terms{"the", "dog's", "beds", "re", "made"});
  CHECK(make_analyzer("whitespace")->terms_of(" The Dog's  beds, re-made\n") ==
        Terms{"The", "Dog's", "beds,", "re-made"});
  CHECK(make_analyzer("latin") == nullptr);
}

TEST_CASE("Names are those of analyzers; a key adds the version of a library's data") {
  for (const std::string& name : analyzer_names()) {
    INFO(name);
    CHECK(make_analyzer(name) != nullptr);
    CHECK(make_analyzer(analyzer_key(name)) != nullptr);
    CHECK(analyzer_key(name).size() < 32);
  }
  CHECK(analyzer_key("english") == "english");
  CHECK(analyzer_key("icu_german").starts_with("icu_german."));
  CHECK(analyzer_key("icu_german").ends_with("." + stem_digest("german")));
  CHECK(stem_digest("german").size() == 8);
  CHECK(stem_digest("german") != stem_digest("dutch"));
  CHECK(make_analyzer("icu_german." + icu_version() + ".00000000") == nullptr);
  CHECK(make_analyzer("icu_german." + icu_version()) != nullptr);  // of before there was a digest
  CHECK(make_analyzer("icu_german.1.0") == nullptr);
  CHECK(make_analyzer("english.1") == nullptr);
  CHECK(make_analyzer("icu_klingon") == nullptr);
  CHECK(make_analyzer("icu_klingon.72.1") == nullptr);
  CHECK(make_analyzer("") == nullptr);
}

TEST_CASE("A token of 10,000 characters is cut every 255 units") {
  const Terms terms = make_analyzer("standard")->terms_of(std::string(10'000, 'q'));
  REQUIRE(terms.size() == 40);
  for (std::size_t i = 0; i + 1 < terms.size(); ++i) CHECK(terms[i].size() == 255);
  CHECK(terms.back().size() == 10'000 - 39 * 255);
}

TEST_CASE("NUL bytes and invalid UTF-8 part words and never a crash") {
  const auto standard = make_analyzer("standard");
  CHECK(standard->terms_of(std::string("a\0b", 3)) == Terms{"a", "b"});
  CHECK(standard->terms_of("ab\xFF"
                           "cd\xC3") == Terms{"ab", "cd"});
  CHECK(standard->terms_of("\xED\xA0\x80x") == Terms{"x"});  // a surrogate
  CHECK(make_analyzer("whitespace")->terms_of("a\xFF") == Terms{"a\xEF\xBF\xBD"});
}

}  // namespace
}  // namespace rare::bm25
