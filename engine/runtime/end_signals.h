// The signals with which a user ends a command: Ctrl-C and what `kill` sends.
#pragma once

#include <signal.h>

namespace rare::engine {

// For both, from now on; SIG_DFL gives them their old meaning. `handler` is async-signal-safe.
inline void handle_end_signals(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace rare::engine
