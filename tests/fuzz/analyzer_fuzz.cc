// Every analyzer over any bytes: terms are UTF-8 and know their place, and a text that is there
// twice, with a line's end between, gives the same terms twice.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/bm25/analyzer.h"
#include "plugins/bm25/code_points.h"
#include "plugins/bm25/tokenizer.h"

namespace {

using namespace rare::bm25;

void expect(bool condition, std::string_view what) {
  if (condition) return;
  std::fprintf(stderr, "expected: %.*s\n", static_cast<int>(what.size()), what.data());
  std::abort();
}

struct Found {
  std::vector<std::string> terms;
  std::vector<TokenBounds> places;
};

Found found_in(const Analyzer& analyzer, std::string_view text) {
  Found found;
  TokenSink sink(found.terms, &found.places);
  analyzer.analyze_into(text, sink);
  return found;
}

void check_terms(std::string_view text, const Found& found) {
  expect(found.terms.size() == found.places.size(), "a place for each term");
  std::size_t last_begin = 0;
  for (std::size_t i = 0; i < found.terms.size(); ++i) {
    const std::string& term = found.terms[i];
    const TokenBounds& place = found.places[i];
    expect(!term.empty(), "a term has bytes");
    expect(utf8_of(code_points_of(term)) == term, "a term is UTF-8");
    expect(place.begin < place.end && place.end <= text.size(), "a place is in the text");
    expect(place.begin >= last_begin, "places come in the order of the text");
    last_begin = place.begin;
  }
}

void check_twice(const Analyzer& analyzer, std::string_view text, const Found& once) {
  const std::size_t shift = text.size() + 1;
  const Found twice = found_in(analyzer, std::string(text) + "\n" + std::string(text));
  const std::size_t count = once.terms.size();
  expect(twice.terms.size() == 2 * count, "twice as many terms in a text and its copy");
  for (std::size_t i = 0; i < count; ++i) {
    const TokenBounds& place = once.places[i];
    expect(twice.terms[i] == once.terms[i] && twice.terms[count + i] == once.terms[i],
           "the same terms in the copy");
    expect(twice.places[i] == place &&
               twice.places[count + i] == TokenBounds{place.begin + shift, place.end + shift},
           "the same places in the copy");
  }
}

// From wherever between two words it is asked, the tokenizer finds the next one.
void check_tokenizer(std::string_view text) {
  std::size_t from = 0;
  while (const auto word = next_word(text, from)) {
    expect(word->begin >= from && word->end > word->begin, "words come one after the other");
    expect(word->kind != TokenKind::none, "a word is of some kind");
    const auto again = next_word(text, word->begin);
    expect(again && *again == *word && again->kind == word->kind, "a word is found again");
    from = word->end;
  }
}

std::vector<std::unique_ptr<const Analyzer>> all_analyzers() {
  std::vector<std::unique_ptr<const Analyzer>> analyzers;
  for (const std::string& name : analyzer_names()) analyzers.push_back(make_analyzer(name));
  return analyzers;
}

}  // namespace

// The first byte chooses the analyzer.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::unique_ptr<const Analyzer>> analyzers = all_analyzers();
  if (size == 0) return 0;
  const Analyzer& analyzer = *analyzers[data[0] % analyzers.size()];
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  check_tokenizer(text);
  const Found found = found_in(analyzer, text);
  check_terms(text, found);
  check_twice(analyzer, text, found);
  return 0;
}
