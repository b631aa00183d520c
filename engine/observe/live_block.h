// Lines at the bottom of a terminal that are redrawn in place, with log lines above them.
//
// A block is never taller than the terminal: what is too much is left out. It is drawn with one
// write, each line over the one before, so that nothing flickers; where the terminal has become
// narrower since, the rows into which it broke the old lines are counted. Thread-safety: any
// thread.
#pragma once

#include <cstddef>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace rare::engine {

// 80 columns and 24 rows where the terminal does not say.
struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};
TerminalSize terminal_size(int file_descriptor);

class LiveBlock {
 public:
  // The one of standard error.
  static LiveBlock& of_standard_error();
  explicit LiveBlock(int file_descriptor) : descriptor_(file_descriptor) {}

  // Lines without control characters but colours, no wider than the terminal. Empty: no block.
  void show(std::vector<std::string> lines);
  void remove() { show({}); }
  // Calls what writes whole lines to the same terminal, above the block.
  void above(const std::function<void()>& write_lines);

 private:
  std::string erased(std::size_t columns);
  void draw(const std::string& before, TerminalSize size);

  const int descriptor_;
  std::mutex mutex_;
  std::vector<std::string> lines_;
  std::vector<std::size_t> drawn_widths_;  // of the lines that stand on the terminal
};

// Columns that a line takes: its code points, without colours. All but wide characters.
std::size_t columns_of(const std::string& line);

}  // namespace rare::engine
