// Ports of 127.0.0.1 for servers of our own.
#pragma once

namespace rare::llm {

// A port of 127.0.0.1 that nobody listens on now; 0: there is none.
int free_loopback_port();

// Whether somebody listens on `port` at an address that other machines may reach. False, too, where
// the system does not say (/proc/net).
bool listens_beyond_loopback(int port);

}  // namespace rare::llm
