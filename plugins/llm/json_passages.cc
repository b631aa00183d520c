#include "plugins/llm/json_passages.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <set>

#include "plugins/llm/latex_escapes.h"

namespace rare::llm {
namespace {

// Deeper values are no answers, and cost a recursive walk its stack.
constexpr std::size_t kDeepestNesting = 512;
// Of the text, read over and over from braces that lead nowhere.
constexpr std::size_t kMostReadings = 32;
constexpr std::size_t kMostPassages = 1000;
constexpr std::size_t kExcerptBytes = 40;

constexpr std::string_view kOpenQuote = "\u201c", kCloseQuote = "\u201d";
constexpr std::string_view kThoughtEnd = "</think>", kFence = "\n```";

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }

// The next characters, for a message.
std::string excerpt(std::string_view text, std::size_t at) {
  std::string_view rest = text.substr(at, kExcerptBytes);
  rest = rest.substr(0, rest.find('\n'));
  // Not a part of a character.
  if (at + rest.size() < text.size()) {
    while (!rest.empty() && (static_cast<unsigned char>(text[at + rest.size()]) & 0xC0U) == 0x80) {
      rest.remove_suffix(1);
    }
  }
  return std::string(rest);
}

enum class Outcome { complete, malformed, cut };

// Reads one value from its opening bracket, writing it down as JSON has it. Only what the lexer
// sees is judged here; the order of names, colons and commas is the JSON parser's affair.
class Reader {
 public:
  Reader(std::string_view text, std::size_t at) : text_(text), at_(at) {}

  Outcome read() {
    while (at_ < text_.size()) {
      if (skip_space()) continue;
      const Outcome outcome = read_token();
      if (outcome != Outcome::complete || open_.empty()) return outcome;
    }
    return Outcome::cut;
  }
  std::size_t position() const { return at_; }
  const std::string& json() const { return json_; }
  // After `malformed`.
  const std::string& problem() const { return problem_; }
  // A name in quotes and a colon were met: this is no LaTeX and no set.
  bool means_json() const { return means_json_; }

 private:
  bool starts_with(std::string_view what) const { return text_.substr(at_).starts_with(what); }
  Outcome malformed(std::string problem) {
    problem_ = std::move(problem);
    return Outcome::malformed;
  }

  // White space, a comment, or nothing.
  bool skip_space() {
    for (const std::string_view blank : {"\u00a0", "\ufeff"}) {
      if (starts_with(blank)) return at_ += blank.size(), true;
    }
    if (is_space(text_[at_])) return ++at_, true;
    if (starts_with("//")) return at_ = std::min(text_.find('\n', at_), text_.size()), true;
    if (!starts_with("/*")) return false;
    const std::size_t end = text_.find("*/", at_ + 2);
    at_ = end == std::string_view::npos ? text_.size() : end + 2;
    return true;
  }

  Outcome read_token() {
    const char c = text_[at_];
    if (c == '{' || c == '[') return open_bracket(c);
    if (c == '}' || c == ']') return close_bracket(c);
    if (c == ',' || c == ':') {
      if (c == ':' && last_ == Token::string) means_json_ = true;
      return put(c, Token::mark);
    }
    if (c == '"' || c == '\'') return read_string(1, std::string_view(&text_[at_], 1));
    if (starts_with(kOpenQuote)) return read_string(kOpenQuote.size(), kCloseQuote);
    return read_word();
  }

  enum class Token { mark, string, word };
  Outcome put(char c, Token token) {
    json_ += c;
    last_ = token;
    ++at_;
    return Outcome::complete;
  }

  Outcome open_bracket(char c) {
    if (open_.size() >= kDeepestNesting) {
      means_json_ = true;
      return malformed("brackets are nested more than " + std::to_string(kDeepestNesting) +
                       " deep");
    }
    open_ += c == '{' ? '}' : ']';
    return put(c, Token::mark);
  }

  Outcome close_bracket(char c) {
    if (open_.back() != c) {
      return malformed(std::string("it has a ") + c + " where " + open_.back() + " is to come");
    }
    open_.pop_back();
    // A comma after the last item.
    const std::size_t size = json_.size();
    if (size > 1 && json_.back() == ',' && last_ == Token::mark &&
        std::string_view("[{,:").find(json_[size - 2]) == std::string_view::npos) {
      json_.pop_back();
    }
    return put(c, Token::mark);
  }

  Outcome read_string(std::size_t open_bytes, std::string_view close) {
    const std::size_t begin = at_ + open_bytes;
    std::size_t end = begin;
    while (end < text_.size() && !text_.substr(end).starts_with(close)) {
      const auto c = static_cast<unsigned char>(text_[end]);
      if (c < 0x20 && !is_space(text_[end])) {
        at_ = end;
        return malformed("a string holds the control character " + std::to_string(c));
      }
      end += c == '\\' ? 2 : 1;
    }
    if (end >= text_.size()) {
      at_ = text_.size();
      return Outcome::cut;
    }
    json_ += '"' + mended_string(text_.substr(begin, end - begin)) + '"';
    last_ = Token::string;
    at_ = end + close.size();
    return Outcome::complete;
  }

  Outcome read_word() {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]) ||
                                  std::string_view("+-._").find(text_[at_]) != std::string::npos)) {
      ++at_;
    }
    const std::string_view word = text_.substr(begin, at_ - begin);
    std::optional<std::string> json = json_of(word);
    if (!json) {
      at_ = begin;
      if (last_ == Token::string) {
        return malformed("after a string comes \"" + excerpt(text_, begin) +
                         "\" (a double quote inside a string is written \\\")");
      }
      return malformed("\"" + excerpt(text_, begin) + "\" is no JSON value");
    }
    if (last_ == Token::word) json_ += ' ';
    json_ += *json;
    last_ = Token::word;
    return Outcome::complete;
  }

  // Nothing for what is no value and no name.
  std::optional<std::string> json_of(std::string_view word) const {
    if (word.empty()) return std::nullopt;
    if (word == "true" || word == "True") return "true";
    if (word == "false" || word == "False") return "false";
    if (word == "null" || word == "None") return "null";
    const bool is_name = (is_letter(word[0]) || word[0] == '_') && word.find('.') == word.npos &&
                         word.find_first_of("+-") == word.npos;
    if (is_name) {
      std::size_t next = at_;
      while (next < text_.size() && is_space(text_[next])) ++next;
      const bool is_key = next < text_.size() && text_[next] == ':' && open_.back() == '}' &&
                          (json_.back() == '{' || json_.back() == ',');
      return is_key ? std::optional('"' + std::string(word) + '"') : std::nullopt;
    }
    if (!is_digit(word.back()) || !keeps_its_digits(word)) return std::nullopt;
    return std::string(word);
  }

  // Larger integers would come out as the nearest floating-point number.
  static bool keeps_its_digits(std::string_view number) {
    if (number.find_first_not_of("-0123456789") != number.npos) return true;
    const char* end = number.data() + number.size();
    std::int64_t negative = 0;
    std::uint64_t positive = 0;
    return std::from_chars(number.data(), end, negative).ec == std::errc() ||
           std::from_chars(number.data(), end, positive).ec == std::errc();
  }

  const std::string_view text_;
  std::size_t at_;
  std::string open_;  // the closing brackets that are to come
  std::string json_, problem_;
  Token last_ = Token::mark;
  bool means_json_ = false;
};

// Parses what the reader wrote down; `problem` says why there is nothing.
Json parse_strictly(const std::string& json, std::string& problem) {
  std::vector<std::set<std::string>> names;
  std::string twice;
  const Json::parser_callback_t note = [&](int, Json::parse_event_t event, Json& parsed) {
    if (event == Json::parse_event_t::object_start) names.emplace_back();
    if (event == Json::parse_event_t::object_end) names.pop_back();
    if (event == Json::parse_event_t::key && !names.back().insert(parsed).second) twice = parsed;
    return true;
  };
  try {
    Json value = Json::parse(json, note);
    if (!twice.empty()) problem = "\"" + twice + "\" is given twice in one object";
    return value;
  } catch (const Json::exception& error) {
    const std::string_view what = error.what();
    const std::size_t place = what.find("- ");
    problem = place == what.npos ? what : what.substr(place + 2);
    return Json();
  }
}

// Where a passage ends that began at `begin` and went wrong at `wrong`: at the bracket that closes
// it, as far as its quotes can be trusted; with the thoughts or the fence that it stands in;
// otherwise with the text.
std::size_t end_of_broken(std::string_view text, std::size_t begin, std::size_t wrong) {
  const std::size_t limit = std::min(text.find(kThoughtEnd, wrong), text.size());
  int depth = 0;
  bool in_string = false;
  for (std::size_t i = begin; i < limit; ++i) {
    const char c = text[i];
    if (in_string && c == '\\') {
      ++i;
    } else if (c == '"') {
      in_string = !in_string;
    } else if (!in_string && (c == '{' || c == '[')) {
      ++depth;
    } else if (!in_string && (c == '}' || c == ']') && --depth == 0) {
      return std::max(i + 1, wrong);
    }
  }
  return std::min(text.find(kFence, wrong), limit);
}

// Whether an object begins here whose quotes are escaped: {\"question\": ...
bool begins_escaped(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size() && (is_space(text[at]) || (text[at] == '\\' && at + 1 < text.size() &&
                                                     (text[at + 1] == 'n' || text[at + 1] == 't'))))
    at += is_space(text[at]) ? 1 : 2;
  return text.substr(at).starts_with("\\\"");
}

class Finder {
 public:
  Finder(std::string_view text, bool looks_into_strings)
      : text_(text), looks_into_strings_(looks_into_strings) {}

  std::vector<JsonPassage> find() {
    std::size_t at = text_.find_first_of("{[");
    while (at < text_.size()) {
      if (work_ > kMostReadings * text_.size() || found_.size() >= kMostPassages) {
        add(at, text_.size(), "it holds too many brackets to tell the answer from them");
        break;
      }
      at = text_.find_first_of("{[", std::max(read_from(at), at + 1));
    }
    return std::move(found_);
  }

 private:
  void add(std::size_t begin, std::size_t end, const std::string& problem, Json value = Json()) {
    found_.push_back({begin, end, std::move(value), problem});
  }

  // Where to go on.
  std::size_t read_from(std::size_t begin) {
    if (looks_into_strings_ && begins_escaped(text_, begin)) return read_escaped(begin);
    Reader reader(text_, begin);
    const Outcome outcome = reader.read();
    const std::size_t position = reader.position();
    work_ += position - begin;
    if (outcome == Outcome::complete) return take(begin, reader);
    if (!reader.means_json()) return begin + 1;
    if (outcome == Outcome::cut) {
      add(begin, text_.size(), "the JSON is cut off before its end");
      return text_.size();
    }
    const std::size_t end = end_of_broken(text_, begin, position);
    add(begin, end, "the JSON is malformed: " + reader.problem());
    return end;
  }

  std::size_t take(std::size_t begin, const Reader& reader) {
    std::string problem;
    Json value = parse_strictly(reader.json(), problem);
    if (problem.empty()) {
      add(begin, reader.position(), "", std::move(value));
    } else if (reader.means_json()) {
      add(begin, reader.position(), "the JSON is malformed: " + problem);
    } else {
      return begin + 1;
    }
    return reader.position();
  }

  // An object that was escaped once too often: up to the quote that ends its string, or to the
  // text's end.
  std::size_t read_escaped(std::size_t begin) {
    std::size_t end = begin;
    while (end < text_.size() && text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    end = std::min(end, text_.size());
    work_ += 2 * (end - begin);
    const Json decoded =
        Json::parse('"' + mended_string(text_.substr(begin, end - begin)) + '"', nullptr, false);
    if (!decoded.is_string()) return begin + 1;
    for (JsonPassage& inner : Finder(decoded.get_ref<const std::string&>(), false).find()) {
      add(begin, end, inner.problem, std::move(inner.value));
    }
    return end;
  }

  const std::string_view text_;
  const bool looks_into_strings_;
  std::size_t work_ = 0;
  std::vector<JsonPassage> found_;
};

}  // namespace

std::vector<JsonPassage> find_json(std::string_view text) { return Finder(text, true).find(); }

std::string mended_string(std::string_view raw) {
  const LatexEscapes latex(raw);
  std::string json;
  json.reserve(raw.size() + 16);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char c = raw[i];
    if (c == '\n') {
      json += "\\n";
    } else if (c == '\t') {
      json += "\\t";
    } else if (c == '\r') {
      json += "\\r";
    } else if (c == '"') {
      json += "\\\"";
    } else if (c != '\\') {
      json += c;
    } else if (raw.substr(i + 1).starts_with('\'')) {
      json += raw[++i];
    } else if (latex.keeps_pairs() && raw.substr(i).starts_with("\\\\")) {
      json += "\\\\\\\\";
      ++i;
    } else if (latex.is_escape(i)) {
      json += c;
      json += raw[++i];
    } else {
      json += "\\\\";
    }
  }
  return json;
}

}  // namespace rare::llm
