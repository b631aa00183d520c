#include "terminal_screen.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string_view>

#include "record_browser.h"

namespace rare::look {
namespace {

// The other screen, no wrapping by the terminal itself; and back.
constexpr std::string_view kTakeOver = "\x1b[?1049h\x1b[?7l\x1b[?25l";
constexpr std::string_view kGiveBack = "\x1b[?25h\x1b[?7h\x1b[?1049l";
constexpr int kEscapeWait_ms = 50;  // for what a terminal sends behind an escape

volatile std::sig_atomic_t end_asked = 0;
void ask_for_end(int) { end_asked = 1; }

void write_all(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

bool has_terminal() {
  const char* kind = std::getenv("TERM");
  const bool draws = kind != nullptr && *kind != '\0' && std::string_view(kind) != "dumb";
  return draws && ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
}

TerminalScreen::TerminalScreen() {
  ::tcgetattr(STDIN_FILENO, &before_);
  termios raw = before_;
  raw.c_iflag &= ~static_cast<tcflag_t>(ICRNL | IXON | ISTRIP);
  raw.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON | ISIG | IEXTEN);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
  struct sigaction end {};
  end.sa_handler = ask_for_end;
  ::sigaction(SIGTERM, &end, nullptr);
  ::sigaction(SIGHUP, &end, nullptr);
  write_all(kTakeOver);
}

TerminalScreen::~TerminalScreen() {
  write_all(kGiveBack);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
}

TerminalScreen::Size TerminalScreen::size() const {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_col == 0 ||
      window.ws_row == 0) {
    return {};
  }
  return {window.ws_col, window.ws_row};
}

void TerminalScreen::draw(const std::string& screen) {
  // Each row clears what is behind it, so that nothing flickers.
  std::string text = "\x1b[H";
  for (std::size_t at = 0; at < screen.size();) {
    const std::size_t end = screen.find("\r\n", at);
    text.append(screen, at, end == std::string::npos ? end : end - at);
    text += "\x1b[K";
    if (end == std::string::npos) break;
    text += "\r\n";
    at = end + 2;
  }
  write_all(text + "\x1b[J");
}

bool TerminalScreen::wait(int timeout_ms) const {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  return ::poll(&input, 1, timeout_ms) > 0;
}

std::optional<unsigned char> TerminalScreen::byte() {
  unsigned char byte = 0;
  const ssize_t read = ::read(STDIN_FILENO, &byte, 1);
  if (read == 1) return byte;
  if (read == 0 || errno != EINTR) end_asked = 1;
  return std::nullopt;
}

// What follows "ESC", with "[" or "O" in front.
std::string TerminalScreen::behind_escape() {
  std::string sequence;
  while (sequence.size() < 8 && wait(kEscapeWait_ms)) {
    const std::optional<unsigned char> next = byte();
    if (!next) break;
    sequence += static_cast<char>(*next);
    if (sequence.size() > 1 && *next >= 0x40 && *next <= 0x7E) break;
  }
  return sequence;
}

std::optional<std::string> TerminalScreen::key(int timeout_ms) {
  const std::string quit(key::kQuit);
  if (end_asked != 0) return quit;
  if (!wait(timeout_ms)) return end_asked != 0 ? std::optional(quit) : std::nullopt;
  const std::optional<unsigned char> first = byte();
  if (!first) return end_asked != 0 ? std::optional(quit) : std::nullopt;
  if (*first == 3) return quit;
  if (*first == '\r' || *first == '\n') return std::string(key::kEnter);
  if (*first == 0x7F || *first == 8) return std::string(key::kErase);
  if (*first == 0x1B) {
    const std::string sequence = behind_escape();
    constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kKeys = {
        {{"[A", key::kUp},
         {"OA", key::kUp},
         {"[B", key::kDown},
         {"OB", key::kDown},
         {"[5~", key::kPageUp},
         {"[6~", key::kPageDown},
         {"[H", key::kHome},
         {"OH", key::kHome},
         {"[1~", key::kHome},
         {"[F", key::kEnd},
         {"OF", key::kEnd},
         {"[4~", key::kEnd}}};
    for (const auto& [bytes, name] : kKeys) {
      if (sequence == bytes) return std::string(name);
    }
    return std::string(key::kEscape);
  }
  std::string character(1, static_cast<char>(*first));
  const std::size_t more = *first >= 0xF0 ? 3 : *first >= 0xE0 ? 2 : *first >= 0xC0 ? 1 : 0;
  for (std::size_t i = 0; i < more && wait(kEscapeWait_ms); ++i) {
    if (const std::optional<unsigned char> next = byte()) character += static_cast<char>(*next);
  }
  return character;
}

}  // namespace rare::look
