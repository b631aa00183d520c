#include "engine/config/diagnostics.h"

#include <algorithm>
#include <cctype>
#include <limits>

#include "engine/text/utf8.h"

namespace rare::engine {
namespace {

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

// Byte offset of the character that stands at `column` (from 1).
std::size_t byte_of_column(std::string_view line, int column) {
  std::size_t byte = 0;
  for (int seen = 1; byte < line.size(); ++byte) {
    if (is_continuation(line[byte])) continue;
    if (seen++ == column) break;
  }
  return byte;
}

// The part of a line around byte `at` that fits a terminal; `at` is moved along.
std::string excerpt(std::string_view line, std::size_t& at) {
  constexpr std::size_t kBefore = 100;
  constexpr std::size_t kWidth = 160;
  std::size_t first = at > kBefore ? at - kBefore / 2 : 0;
  while (first > 0 && first < line.size() && is_continuation(line[first])) --first;
  std::size_t last = std::min(line.size(), first + kWidth);
  while (last < line.size() && is_continuation(line[last])) ++last;
  std::string shown = first > 0 ? "..." : "";
  at = at - first + shown.size();
  shown += line.substr(first, last - first);
  if (last < line.size()) shown += "...";
  for (std::size_t i = find_non_text(shown); i != shown.npos; i = find_non_text(shown)) {
    shown[i] = '?';
  }
  return shown;
}

// The source line and the caret below it; tabs are kept so that both stand in the same column.
std::string source_and_caret(std::string_view line, const Location& where) {
  std::size_t at = byte_of_column(line, where.column);
  std::string shown = excerpt(line, at);
  std::string number = std::to_string(where.line);
  std::string text = "  " + number + " | " + shown + "\n";
  text += "  " + std::string(number.size(), ' ') + " | ";
  for (std::size_t i = 0; i < at && i < shown.size(); ++i) {
    if (!is_continuation(shown[i])) text += shown[i] == '\t' ? '\t' : ' ';
  }
  return text + "^\n";
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

// Optimal string alignment: Damerau-Levenshtein in which no part is edited twice.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last(b.size() + 1), last(b.size() + 1), current(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    current[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      current[j] = std::min({last[j] + 1, current[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        current[j] = std::min(current[j], before_last[j - 2] + 1);
      }
    }
    std::swap(before_last, last);
    std::swap(last, current);
  }
  return last[b.size()];
}

}  // namespace

std::string Location::to_string() const {
  if (line == 0) return file;
  return file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

void Diagnostics::error(Location where, std::string message, std::string hint) {
  errors_.push_back({std::move(where), std::move(message), std::move(hint)});
}

void Diagnostics::hide(std::string_view secret) {
  constexpr std::size_t kShortest = 4;
  if (secret.size() >= kShortest) secrets_.emplace_back(secret);
}

// As wide as before, so that carets stay where they belong.
std::string Diagnostics::without_secrets(std::string_view text) const {
  std::string result(text);
  for (const std::string& secret : secrets_) {
    for (std::size_t at = result.find(secret); at != std::string::npos;) {
      result.replace(at, secret.size(), std::string(secret.size(), '*'));
      at = result.find(secret, at + secret.size());
    }
  }
  return result;
}

void Diagnostics::add_source(std::string file, std::string text) {
  for (const auto& [known, unused] : sources_) {
    if (known == file) return;
  }
  sources_.emplace_back(std::move(file), std::move(text));
}

std::string_view Diagnostics::source_line(std::string_view file, int line) const {
  for (const auto& [name, text] : sources_) {
    if (name != file) continue;
    std::string_view rest = text;
    for (int at = 1; at < line; ++at) {
      std::size_t end = rest.find('\n');
      if (end == std::string_view::npos) return {};
      rest.remove_prefix(end + 1);
    }
    rest = rest.substr(0, rest.find('\n'));
    if (rest.ends_with('\r')) rest.remove_suffix(1);
    return rest;
  }
  return {};
}

std::size_t Diagnostics::file_rank(std::string_view file) const {
  for (std::size_t i = 0; i < sources_.size(); ++i) {
    if (sources_[i].first == file) return i;
  }
  return sources_.size();
}

std::string Diagnostics::to_string() const {
  std::vector<const Diagnostic*> ordered;
  for (const Diagnostic& error : errors_) ordered.push_back(&error);
  std::stable_sort(ordered.begin(), ordered.end(), [&](const Diagnostic* a, const Diagnostic* b) {
    std::size_t rank_a = file_rank(a->where.file), rank_b = file_rank(b->where.file);
    if (rank_a != rank_b) return rank_a < rank_b;
    if (a->where.line != b->where.line) return a->where.line < b->where.line;
    return a->where.column < b->where.column;
  });
  std::string text;
  for (const Diagnostic* error : ordered) {
    // Names and values come from files and --set: what would command the terminal is spelt out.
    std::string place = printable(without_secrets(error->where.to_string()));
    text += (place.empty() ? "" : place + ": ") +
            "error: " + printable(without_secrets(error->message)) + "\n";
    const std::string line = without_secrets(source_line(error->where.file, error->where.line));
    if (error->where.line > 0 && !line.empty()) text += source_and_caret(line, error->where);
    const std::string hints = without_secrets(error->hint);
    for (std::string_view hint = hints; !hint.empty();) {
      std::size_t end = std::min(hint.find('\n'), hint.size());
      text += "  " + printable(hint.substr(0, end)) + "\n";
      hint.remove_prefix(std::min(end + 1, hint.size()));
    }
  }
  return text;
}

std::string nearest_name(std::string_view wanted, const std::vector<std::string>& names) {
  // Names longer than this are no typing errors, and the comparison is quadratic.
  constexpr std::size_t kLongest = 100;
  if (wanted.empty() || wanted.size() > kLongest) return {};
  std::string wanted_lower = lower(wanted);
  std::string best;
  std::size_t best_distance = std::numeric_limits<std::size_t>::max();
  for (const std::string& name : names) {
    if (name.size() > kLongest) continue;
    std::size_t distance = edit_distance(wanted_lower, lower(name));
    std::size_t near = std::max<std::size_t>(1, std::max(wanted.size(), name.size()) / 3);
    // Short names: "in" is not near "on_error", and "a" is not near "b".
    if (distance > near || distance >= std::min(wanted.size(), name.size())) continue;
    if (distance < best_distance) {
      best = name;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace rare::engine
