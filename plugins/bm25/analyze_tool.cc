#include "plugins/bm25/analyze_tool.h"

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <iterator>
#include <memory>
#include <string_view>
#include <vector>

#include "plugins/bm25/analyzer.h"
#include "plugins/bm25/code_points.h"
#include "rare/json.h"

namespace rare::bm25 {
namespace {

// Where the characters of a text begin: turns places in bytes into places in code points.
class CharacterCount {
 public:
  explicit CharacterCount(std::string_view text) : text_(text) {}

  // The code points before byte `at`. Bytes are asked for mostly in rising order.
  std::size_t before(std::size_t at) {
    if (at < byte_) byte_ = characters_ = 0;
    for (; byte_ < at; ++characters_) byte_ += decode_utf8(text_, byte_).bytes;
    return characters_;
  }

 private:
  std::string_view text_;
  std::size_t byte_ = 0;
  std::size_t characters_ = 0;
};

struct Token {
  std::string term;
  TokenBounds bytes;
  TokenBounds characters;
};

std::vector<Token> tokens_of(const Analyzer& analyzer, std::string_view text) {
  std::vector<std::string> terms;
  std::vector<TokenBounds> places;
  TokenSink sink(terms, &places);
  analyzer.analyze_into(text, sink);
  CharacterCount begins(text);
  CharacterCount ends(text);
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    const TokenBounds characters = {begins.before(places[i].begin), ends.before(places[i].end)};
    tokens.push_back({std::move(terms[i]), places[i], characters});
  }
  return tokens;
}

std::string range_text(TokenBounds bounds) {
  return std::to_string(bounds.begin) + "-" + std::to_string(bounds.end);
}

// A term as one word on one line of a terminal, whatever it holds.
std::string printable(std::string_view term) {
  std::string shown;
  for (const char32_t code_point : code_points_of(term)) {
    if (is_ignorable(code_point) && (code_point <= 0x20 || code_point >= 0x7F)) {
      char escaped[16];
      std::snprintf(escaped, sizeof(escaped), "\\u{%x}", static_cast<unsigned>(code_point));
      shown += escaped;
    } else {
      append_utf8(code_point, shown);
    }
  }
  return shown;
}

std::string table_of(const std::vector<Token>& tokens) {
  std::vector<std::string> bytes = {"bytes"};
  std::vector<std::string> characters = {"characters"};
  std::vector<std::string> terms = {"term"};
  for (const Token& token : tokens) {
    bytes.push_back(range_text(token.bytes));
    characters.push_back(range_text(token.characters));
    terms.push_back(printable(token.term));
  }
  const auto width = [](const std::vector<std::string>& column) {
    std::size_t most = 0;
    for (const std::string& cell : column) most = std::max(most, cell.size());
    return most + 2;
  };
  const std::size_t first = width(bytes);
  const std::size_t second = width(characters);
  std::string table;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    bytes[i].resize(first, ' ');
    characters[i].resize(second, ' ');
    table += bytes[i] + characters[i] + terms[i] + "\n";
  }
  return table;
}

Json json_of(const std::string& analyzer, const std::vector<Token>& tokens) {
  Json list = Json::array();
  for (const Token& token : tokens) {
    list.push_back({{"term", token.term},
                    {"bytes", {token.bytes.begin, token.bytes.end}},
                    {"characters", {token.characters.begin, token.characters.end}}});
  }
  return {{"analyzer", analyzer}, {"tokens", std::move(list)}};
}

}  // namespace

ToolUsage AnalyzeTool::usage() {
  return {Spec("analyze")
              .summary("show the terms that an analyzer makes of a text")
              .description(
                  "One line for each term, in the order of the text: where it stands in the text, "
                  "counted in bytes and in characters (code points) from 0, the end not included, "
                  "and the term. An index and its queries are made of these terms.")
              .required_param(&AnalyzeTool::text_, "text", "The text; - reads standard input.")
              .param(&AnalyzeTool::analyzer_, "analyzer", "english",
                     "As the parameter of that name of bm25.index.")
              .choices(analyzer_names())
              .param(&AnalyzeTool::json_, "json", false, "As JSON."),
          {"text"},
          "rare-engine analyze --analyzer english \"The foxes' tails weren't running\"\n"
          "rare-engine analyze --analyzer cjk --json - < page.txt"};
}

Result<int> AnalyzeTool::run(ToolContext& context) {
  std::string text = text_;
  if (text_ == "-") {
    text.assign(std::istreambuf_iterator<char>(context.in()), {});
    if (context.in().bad()) {
      return Status(StatusCode::unavailable, "standard input cannot be read");
    }
  }
  const std::unique_ptr<const Analyzer> analyzer = make_analyzer(analyzer_);
  const std::vector<Token> tokens = tokens_of(*analyzer, text);
  context.out() << (json_ ? json_of(analyzer_, tokens).dump(2) + "\n" : table_of(tokens));
  return 0;
}

}  // namespace rare::bm25
