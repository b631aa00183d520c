// Plays a server of a language model in tests, llama-server or any other. Takes --host, --port and
// --version as they do, and its key from --api-key, LLAMA_API_KEY or VLLM_API_KEY. Further
// arguments, others are ignored:
//   --lists NAME,NAME what /v1/models says; the first one is served
//   --forks           a child of it listens, as servers with workers do
//   --deaf            does not end on SIGTERM
//   --no-health       has no /health
//   --open            asks for no key
//   --die-at N        ends without a word at chat call N (counted over all starts in --state DIR)
//   --port-taken      says so and ends at its first start (in --state DIR)
//   --never-healthy   /health says 503 for ever
//   --refuse-start    says why on standard error and ends with code 3
//   --hold            answers no chat
//   --pid-file FILE   where its process numbers go
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <map>
#include <string>

#include "chat_protocol.h"

namespace {

using namespace rare::testing;

class Arguments {
 public:
  Arguments(int argc, char** argv) {
    for (int i = 1; i < argc; ++i) {
      const bool has_value = i + 1 < argc && std::strncmp(argv[i + 1], "--", 2) != 0;
      const char* name = argv[i];
      values_[name] = has_value ? argv[++i] : "";
    }
  }
  bool has(const std::string& name) const { return values_.count(name) != 0; }
  std::string value(const std::string& name) const {
    const auto at = values_.find(name);
    return at == values_.end() ? "" : at->second;
  }

 private:
  std::map<std::string, std::string> values_;
};

// Counts over several lives of the server.
int count_in(const std::string& path) {
  int count = 0;
  std::ifstream(path) >> count;
  std::ofstream(path) << ++count;
  return count;
}

std::string key_of(const Arguments& arguments) {
  if (arguments.has("--open")) return {};
  if (arguments.has("--api-key")) return arguments.value("--api-key");
  for (const char* name : {"LLAMA_API_KEY", "VLLM_API_KEY"}) {
    const char* key = std::getenv(name);
    if (key != nullptr) return key;
  }
  return {};
}

HttpResponse model_list(const std::string& names) {
  rare::Json data = rare::Json::array();
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t end = std::min(names.find(',', at), names.size());
    data.push_back({{"id", names.substr(at, end - at)}, {"object", "model"}});
    at = end + 1;
  }
  HttpResponse response;
  response.body = rare::Json{{"object", "list"}, {"data", data}}.dump();
  return response;
}

HttpResponse empty_response(int status) {
  HttpResponse response;
  response.status = status;
  return response;
}

void note_process(const Arguments& arguments) {
  if (!arguments.has("--pid-file")) return;
  std::ofstream(arguments.value("--pid-file"), std::ios::app) << getpid() << std::endl;
}

[[noreturn]] void serve(const Arguments& arguments) {
  note_process(arguments);
  const std::string lists = arguments.value("--lists"), state = arguments.value("--state");
  const int die_at = arguments.has("--die-at") ? std::stoi(arguments.value("--die-at")) : 0;
  ProtocolOptions behaviour;
  behaviour.api_key = key_of(arguments);
  behaviour.model = lists.substr(0, lists.find(','));
  ChatProtocol protocol(behaviour);
  HttpServer server(
      [&](const HttpRequest& request, HttpServer::Reply reply) {
        if (request.target == "/health" && arguments.has("--never-healthy")) {
          return reply.send(empty_response(503));
        }
        if (request.target == "/health" && arguments.has("--no-health")) {
          return reply.send(empty_response(404));
        }
        if (request.target == "/v1/models" && !lists.empty()) {
          const bool may = behaviour.api_key.empty() ||
                           request.header("authorization") == "Bearer " + behaviour.api_key;
          return reply.send(may ? model_list(lists) : empty_response(401));
        }
        if (request.target.ends_with("/chat/completions")) {
          if (!state.empty() && count_in(state + "/calls") == die_at) _exit(9);
          if (arguments.has("--hold")) return;
        }
        protocol.handle(request, reply);
      },
      std::stoi(arguments.value("--port")));
  server.run();
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments(argc, argv);
  if (arguments.has("--version")) {
    std::cerr << "version: 1 (stand-in)\n";
    return 0;
  }
  if (arguments.has("--refuse-start")) {
    std::cerr << "error: the stand-in does not want to start\n";
    return 3;
  }
  if (arguments.has("--port-taken") && count_in(arguments.value("--state") + "/starts") == 1) {
    std::cerr << "error: address already in use\n";
    return 1;
  }
  if (arguments.has("--deaf")) signal(SIGTERM, SIG_IGN);
  if (!arguments.has("--forks")) serve(arguments);
  note_process(arguments);  // first, so that it is there when the worker answers
  const pid_t worker = fork();
  if (worker == 0) serve(arguments);
  int status = 0;
  waitpid(worker, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
