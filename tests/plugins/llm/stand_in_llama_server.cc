// Plays llama-server in tests: takes its arguments, LLAMA_API_KEY and --version. Further arguments:
//   --die-at N        ends without a word at chat call N (counted over all starts in --state DIR)
//   --never-healthy   /health says 503 for ever
//   --refuse-start    says why on standard error and ends with code 3
//   --pid-file FILE   where its process number goes
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <set>
#include <string>

#include "chat_protocol.h"

namespace {

using namespace rare::testing;

// Counts chat calls over several lives of the server.
int count_call(const std::string& folder) {
  const std::string path = folder + "/calls";
  int calls = 0;
  std::ifstream(path) >> calls;
  std::ofstream(path) << ++calls;
  return calls;
}

}  // namespace

int main(int argc, char** argv) {
  std::map<std::string, std::string> options;
  std::set<std::string> flags;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    const bool has_value = i + 1 < argc && std::strncmp(argv[i + 1], "--", 2) != 0;
    if (has_value) {
      options[name] = argv[++i];
    } else {
      flags.insert(name);
    }
  }
  if (flags.count("--version") != 0) {
    std::cerr << "version: 1 (stand-in)\n";
    return 0;
  }
  if (flags.count("--refuse-start") != 0) {
    std::cerr << "error: the stand-in does not want to start\n";
    return 3;
  }
  if (options.count("--pid-file") != 0) {
    std::ofstream(options["--pid-file"], std::ios::app) << getpid() << std::endl;
  }
  ProtocolOptions behaviour;
  const char* key = std::getenv("LLAMA_API_KEY");
  if (key != nullptr) behaviour.api_key = key;
  ChatProtocol protocol(behaviour);
  const bool never_healthy = flags.count("--never-healthy") != 0;
  const int die_at = options.count("--die-at") != 0 ? std::stoi(options["--die-at"]) : 0;
  const bool hold = flags.count("--hold") != 0;
  HttpServer server(
      [&](const HttpRequest& request, HttpServer::Reply reply) {
        if (never_healthy && request.target == "/health") {
          HttpResponse loading;
          loading.status = 503;
          return reply.send(loading);
        }
        if (request.target.ends_with("/chat/completions")) {
          if (options.count("--state") != 0 && count_call(options["--state"]) == die_at) _exit(9);
          if (hold) return;
        }
        protocol.handle(request, reply);
      },
      std::stoi(options["--port"]));
  server.run();
}
