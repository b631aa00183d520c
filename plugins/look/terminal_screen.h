// The terminal itself, from its taking over to its giving back.
#pragma once

#include <termios.h>

#include <cstddef>
#include <optional>
#include <string>

namespace rare::look {

// Whether standard input and output are a terminal that can be drawn on.
bool has_terminal();

// While it lives, the terminal shows another screen and gives each key at once; also what ends the
// process by SIGTERM or SIGHUP gives it back first. One at a time. Thread-safety: one thread.
class TerminalScreen {
 public:
  TerminalScreen();
  ~TerminalScreen();
  TerminalScreen(const TerminalScreen&) = delete;
  TerminalScreen& operator=(const TerminalScreen&) = delete;

  struct Size {
    std::size_t columns = 80, rows = 24;
  };
  Size size() const;
  void draw(const std::string& screen);
  // The next key (record_browser.h); nothing when none came for so long. key::kQuit, again and
  // again, when there is nobody any more to press one or the process is to end; and for Ctrl-C.
  std::optional<std::string> key(int timeout_ms);

 private:
  bool wait(int timeout_ms) const;
  std::optional<unsigned char> byte();
  std::string behind_escape();

  termios before_{};
};

}  // namespace rare::look
