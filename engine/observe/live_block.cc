#include "engine/observe/live_block.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <utility>

namespace rare::engine {
namespace {

constexpr std::string_view kEraseLine = "\033[K";
constexpr std::string_view kEraseBelow = "\033[J";
constexpr int kLongestWait_ms = 1000;

void write_all(int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor, bytes.data(), bytes.size());
    if (put > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(put));
    } else if (put < 0 && errno == EAGAIN) {  // somebody made the terminal so
      pollfd writable{descriptor, POLLOUT, 0};
      if (poll(&writable, 1, kLongestWait_ms) <= 0) return;
    } else if (put < 0 && errno != EINTR) {
      return;  // nobody is left who could read of it
    }
  }
}

}  // namespace

TerminalSize terminal_size(int file_descriptor) {
  TerminalSize size;
  winsize found{};
  if (ioctl(file_descriptor, TIOCGWINSZ, &found) != 0) return size;
  if (found.ws_col > 0) size.columns = found.ws_col;
  if (found.ws_row > 0) size.rows = found.ws_row;
  return size;
}

std::size_t columns_of(const std::string& line) {
  std::size_t columns = 0;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '\033') {
      at = std::min(line.find('m', at), line.size());
    } else if ((static_cast<unsigned char>(line[at]) & 0xC0) != 0x80) {
      ++columns;
    }
  }
  return columns;
}

LiveBlock& LiveBlock::of_standard_error() {
  // Leaked on purpose: threads of plugins may log until the process is gone.
  static LiveBlock* const block = new LiveBlock(STDERR_FILENO);
  return *block;
}

void LiveBlock::show(std::vector<std::string> lines) {
  const std::lock_guard lock(mutex_);
  lines_ = std::move(lines);
  const TerminalSize size = terminal_size(descriptor_);
  if (lines_.empty() && drawn_widths_.empty()) return;
  draw(erased(size.columns), size);
}

void LiveBlock::above(const std::function<void()>& write_lines) {
  const std::lock_guard lock(mutex_);
  const TerminalSize size = terminal_size(descriptor_);
  if (!drawn_widths_.empty()) {
    write_all(descriptor_, erased(size.columns) + std::string(kEraseBelow));
    drawn_widths_.clear();
  }
  write_lines();
  if (!lines_.empty()) draw({}, size);
}

// Goes to the first row of what stands there.
std::string LiveBlock::erased(std::size_t columns) {
  std::size_t rows = 0;
  for (const std::size_t width : drawn_widths_) {
    rows += std::max<std::size_t>(1, (width + columns - 1) / columns);
  }
  return rows == 0 ? "\r" : "\r\033[" + std::to_string(rows) + "A";
}

// Each line ends with a line break, so that the cursor stands below the block.
void LiveBlock::draw(const std::string& before, TerminalSize size) {
  std::string text = before;
  drawn_widths_.clear();
  const std::size_t most = size.rows > 1 ? size.rows - 1 : 1;
  for (std::size_t i = 0; i < std::min(lines_.size(), most); ++i) {
    text.append(lines_[i]).append(kEraseLine).append("\n");
    drawn_widths_.push_back(columns_of(lines_[i]));
  }
  text += kEraseBelow;
  write_all(descriptor_, text);
}

}  // namespace rare::engine
