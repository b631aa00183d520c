// What is wrong with a pipeline file, and where: every error is collected, so that one start shows
// all of them.
//
// Text form of one diagnostic, as compilers print it:
//   pipelines/my.yaml:12:16: error: node 'negatives': unknown parameter 'num_negs'
//     12 |   with: { index: corpus, num_negs: 3 }
//        |                          ^
//     did you mean 'num_neg'?
// Thread-safety: none; used while loading, on one thread.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rare::engine {

// A place in a pipeline file. `line` and `column` count from 1; 0: no place (a --set option, a
// default). `file` may also be what else was read: "--set nodes.questions.parallelism".
struct Location {
  std::string file;
  int line = 0;
  int column = 0;
  std::string to_string() const;
};

struct Diagnostic {
  Location where;
  std::string message;
  std::string hint;  // what to do, or empty
};

class Diagnostics {
 public:
  void error(Location where, std::string message, std::string hint = {});
  // Shows asterisks in the place of `secret`, in messages and in source lines. Texts of fewer than
  // 4 bytes are shown: they are everywhere, and no secrets.
  void hide(std::string_view secret);
  bool ok() const { return errors_.empty(); }
  const std::vector<Diagnostic>& errors() const { return errors_; }
  // All of them in file order, with source lines and carets; control characters as \xNN, so that no
  // value commands the terminal.
  std::string to_string() const;

  // The text of a file that locations point into: lines shown are those that were read, even when
  // the file has changed since. Files are sorted in the order in which they were added.
  void add_source(std::string file, std::string text);
  // Line `line` (from 1) of such a file without its end, or empty when it is not known.
  std::string_view source_line(std::string_view file, int line) const;

 private:
  std::size_t file_rank(std::string_view file) const;
  std::string without_secrets(std::string_view text) const;

  std::vector<Diagnostic> errors_;
  std::vector<std::pair<std::string, std::string>> sources_;  // file, text
  std::vector<std::string> secrets_;
};

// The nearest of `names` by edit distance (Damerau-Levenshtein), or empty when none is near.
std::string nearest_name(std::string_view wanted, const std::vector<std::string>& names);

}  // namespace rare::engine
