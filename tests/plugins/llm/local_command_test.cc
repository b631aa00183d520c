// llm.local with a `command`, against a stand-in for the server that it starts.
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "catch.h"
#include "local_fixture.h"
#include "plugins/llm/local_service.h"
#include "plugins/llm/loopback_port.h"
#include "plugins/llm/server_command.h"
#include "rare/testing/harness.h"
#include "scratch_folder.h"

using namespace rare;
using namespace rare::llm;
using Catch::Matchers::Contains;
using testing::alive;
using testing::built_program;
using testing::ends_soon;
using testing::request_of;
using testing::ScratchFolder;

namespace {

// A command line of the stand-in; further words after it.
std::string stand_in(const ScratchFolder& folder, const std::string& words) {
  return built_program("stand_in_llama_server") + " --host {host} --port {port} --state " +
         folder.path() + " --pid-file " + (folder / "pids") + " " + words;
}

// A service over a command, opened. `more`: further parameters.
struct Commanded {
  explicit Commanded(const std::string& words, const Json& more = Json::object())
      : Commanded(std::make_shared<ScratchFolder>(), words, more) {}
  // In the folder of an earlier one.
  Commanded(std::shared_ptr<ScratchFolder> in, const std::string& words,
            const Json& more = Json::object())
      : folder(std::move(in)) {
    context.folder = folder->path();
    Json values = {{"command", stand_in(*folder, words)}};
    values.update(more);
    service = testing::make<LocalService>(values);
    status = service->open(context);
    if (status) {
      model = static_cast<LanguageModel*>(service->connect(LanguageModel::kInterface, {"n", 1}));
    }
  }
  Result<ChatReply> ask(const std::string& text) {
    return testing::wait_for(model->chat(request_of(text)));
  }
  std::vector<pid_t> pids() const { return testing::pids_in(*folder / "pids"); }
  bool said(const std::string& words) const {
    const std::vector<std::string> lines = context.lines();
    return std::any_of(lines.begin(), lines.end(), [&](const std::string& line) {
      return line.find(words) != std::string::npos;
    });
  }

  std::shared_ptr<ScratchFolder> folder;
  testing::TestContext context;
  std::unique_ptr<LocalService> service;
  Status status;
  LanguageModel* model = nullptr;
};

Status opened(const Json& values) {
  testing::TestContext context("teacher");
  ScratchFolder folder;
  context.folder = folder.path();
  return testing::make<LocalService>(values)->open(context);
}

}  // namespace

TEST_CASE(
    "a command's server starts when needed, is asked for its one model, ends with the service") {
  const std::string key = GENERATE("", "--api-key {api_key}");
  const std::string health = GENERATE("", "--no-health");
  Commanded local("--lists org/model " + key + " " + health);
  REQUIRE(local.status.ok());
  CHECK(local.service->concurrency() == 64);
  CHECK(local.pids().empty());
  const auto reply = local.ask("one");
  REQUIRE(reply.ok());
  CHECK(reply->model == "org/model");
  CHECK_FALSE(local.said("without a key"));
  CHECK_FALSE(local.said("listens beyond"));
  const auto pids = local.pids();
  REQUIRE(pids.size() == 1);
  local.service.reset();
  CHECK_FALSE(alive(pids[0]));
}

TEST_CASE("a command may be a list of words, and its model may have a name") {
  ScratchFolder folder;
  testing::TestContext context;
  context.folder = folder.path();
  const auto service = testing::make<LocalService>(
      {{"command",
        {built_program("stand_in_llama_server"), "--port", "{port}", "--lists", "a,b c"}},
       {"model", "a"},
       {"max_in_flight", 7}});
  REQUIRE(service->open(context).ok());
  CHECK(service->concurrency() == 7);
  auto* model = static_cast<LanguageModel*>(service->connect(LanguageModel::kInterface, {"n", 1}));
  CHECK(testing::wait_for(model->chat(request_of("one")))->model == "a");
}

TEST_CASE("a server that asks for no key is spoken of, once") {
  Commanded local("--lists m --open --die-at 1");
  REQUIRE(local.ask("one").ok());
  CHECK(local.pids().size() == 2);
  CHECK(local.said("answers without a key"));
  const auto lines = local.context.lines();
  CHECK(std::count_if(lines.begin(), lines.end(), [](const std::string& line) {
          return line.find("without a key") != std::string::npos;
        }) == 1);
}

TEST_CASE("a server that dies is started again with its workers, and its calls are asked again") {
  Commanded local("--lists m --forks --die-at 3");
  REQUIRE(local.status.ok());
  std::vector<Awaitable<Result<ChatReply>>> waiting;
  for (int i = 0; i < 12; ++i) {
    waiting.push_back(local.model->chat(request_of(std::to_string(i))));
  }
  for (auto& one : waiting) CHECK(testing::wait_for(std::move(one)).ok());
  REQUIRE(local.pids().size() == 4);
  local.service.reset();
  for (const pid_t pid : local.pids()) CHECK(ends_soon(pid));
}

TEST_CASE("a server that ends leaves no worker behind that goes on") {
  Commanded local("--lists m --forks");
  REQUIRE(local.ask("one").ok());
  const auto before = local.pids();
  REQUIRE(before.size() == 2);
  // The one that does not listen.
  std::ifstream file("/proc/" + std::to_string(before[0]) + "/stat");
  std::string number, name, state;
  pid_t parent = 0;
  file >> number >> name >> state >> parent;
  const pid_t leader = parent == before[1] ? before[1] : before[0];
  kill(leader, SIGKILL);
  for (const pid_t pid : before) CHECK(ends_soon(pid));
  CHECK(local.ask("two").ok());
  CHECK(local.pids().size() == 4);
}

TEST_CASE("a server and its workers that do not listen to SIGTERM end with the service") {
  Commanded local("--lists m --forks --deaf");
  REQUIRE(local.ask("one").ok());
  local.service.reset();
  REQUIRE(local.pids().size() == 2);
  for (const pid_t pid : local.pids()) CHECK(ends_soon(pid));
}

TEST_CASE("SIGKILL of the engine leaves neither a command's server nor its workers behind") {
  const std::string deaf = GENERATE("", " --deaf");
  ScratchFolder folder;
  const std::string host = built_program("local_service_host"), run_folder = folder.path();
  const std::string values = Json{{"command", stand_in(folder, "--lists m --forks" + deaf)}}.dump();
  int out[2];
  REQUIRE(pipe(out) == 0);
  const pid_t pid = fork();
  if (pid == 0) {
    dup2(out[1], STDOUT_FILENO);
    execl(host.c_str(), host.c_str(), run_folder.c_str(), values.c_str(), nullptr);
    _exit(127);
  }
  close(out[1]);
  char word[16] = {};
  REQUIRE(read(out[0], word, 8) == 8);
  CHECK(std::string(word) == "answered");
  const auto pids = testing::pids_in(folder / "pids");
  REQUIRE(pids.size() == 2);
  for (const pid_t one : pids) CHECK(alive(one));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  for (const pid_t one : pids) CHECK(ends_soon(one));
  close(out[0]);
}

TEST_CASE("a port that somebody took in between costs one more start") {
  Commanded local("--lists m --port-taken");
  CHECK(local.ask("one").ok());
  CHECK(local.said("exit code 1"));
}

TEST_CASE("a command's server that never starts ends the run and shows its last words") {
  Commanded local("--refuse-start");
  const Status status = local.ask("one").status();
  CHECK(status.fault() == Fault::run);
  CHECK(status.code() == StatusCode::unavailable);
  CHECK_THAT(status.message(), Contains("does not start: exit code 3") &&
                                   Contains("test.server.log") &&
                                   Contains("the stand-in does not want to start"));
}

TEST_CASE(
    "a command's server that is never ready ends the run after its time, and is not tried twice") {
  Commanded local("--never-healthy --forks", {{"startup_timeout_s", 0.5}});
  const Status status = local.ask("one").status();
  CHECK(status.fault() == Fault::run);
  CHECK_THAT(status.message(), Contains("not ready after") && Contains("startup_timeout_s"));
  CHECK(local.pids().size() <= 2);  // fewer where the time is over before they have said theirs
  for (const pid_t pid : local.pids()) CHECK(ends_soon(pid));
}

TEST_CASE("which model a server has is to be clear before it is asked") {
  const auto refusal_of = [](const std::string& words, const Json& more = Json::object()) {
    Commanded local(words, more);
    const Status status = local.ask("one").status();
    CHECK(status.fault() == Fault::run);
    CHECK(status.code() == StatusCode::invalid_argument);
    return status.message();
  };
  CHECK_THAT(refusal_of("--lists a,b"), Contains("several models") && Contains("a, b"));
  CHECK_THAT(refusal_of("--lists a,b", {{"model", "c"}}), Contains("\"c\"") && Contains("a, b"));
  CHECK(Commanded("--lists a,b", {{"model", "a"}}).ask("one").ok());
}

TEST_CASE("stored replies of a command need no server, as long as its text is the same") {
  Commanded first("--lists m");
  REQUIRE(first.ask("one").ok());
  first.service.reset();
  const auto again = [&](const std::string& words, const Json& more = Json::object()) {
    Json values = {{"command", stand_in(*first.folder, words)}};
    values.update(more);
    auto service = testing::make<LocalService>(values);
    REQUIRE(service->open(first.context).ok());
    auto* model =
        static_cast<LanguageModel*>(service->connect(LanguageModel::kInterface, {"other", 2}));
    const auto reply = testing::wait_for(model->chat(request_of("one")));
    if (!reply.ok()) return reply.status().message();
    return std::string(reply->from_store ? "stored" : "asked");
  };
  CHECK(again("--lists m") == "stored");
  CHECK(again("--lists m", {{"model", "m"}}) == "stored");
  CHECK(first.pids().size() == 1);
  CHECK(again("--lists m", {{"cache_revision", "2"}}) == "asked");
  CHECK(again("--lists m --other") == "asked");
  CHECK(again("--lists n") == "asked");
}

TEST_CASE("a model that is another one than before is no answer to what was known by its name") {
  auto folder = std::make_shared<ScratchFolder>();
  const std::string words = "--lists $RARE_TEST_MODEL";
  setenv("RARE_TEST_MODEL", "old", 1);
  REQUIRE(Commanded(folder, words).ask("one").ok());
  setenv("RARE_TEST_MODEL", "new", 1);
  const Status status = Commanded(folder, words).ask("two").status();
  CHECK(status.fault() == Fault::run);
  CHECK_THAT(status.message(), Contains("\"new\"") && Contains("\"old\"") && Contains("again"));
  CHECK(Commanded(folder, words).ask("two").ok());
  unsetenv("RARE_TEST_MODEL");
}

TEST_CASE("a probe of a command's server names the model that it lists") {
  Commanded local("--lists org/model");
  auto* probe = static_cast<ModelProbe*>(local.service->connect(ModelProbe::kInterface, {"c", 0}));
  const Result<ModelReport> report = probe->probe(std::chrono::seconds(60));
  REQUIRE(report.ok());
  CHECK(report->model == "org/model");
  REQUIRE(report->endpoints.size() == 1);
  CHECK(report->endpoints[0].outcome == ProbeOutcome::works);
}

TEST_CASE("what cannot work beside a command is said before any record") {
  const std::string command = built_program("stand_in_llama_server") + " --port {port}";
  const std::pair<Json, const char*> cases[] = {
      {{{"command", command}, {"server", "llama-server"}}, "`server`"},
      {{{"command", command}, {"context", 4096}}, "`context`"},
      {{{"command", command}, {"slots", 4}}, "`max_in_flight`"},
      {{{"command", command}, {"threads", 2}}, "`threads`"},
      {{{"command", command}, {"args", {"--x"}}}, "`args`"},
      {{{"max_in_flight", 4}}, "`slots`"},
      {{{"command", built_program("stand_in_llama_server")}}, "{port}"},
      {{{"command", "no-such-program --port {port}"}}, "no-such-program"},
      {{{"command", "X=1 program --port {port}"}}, "env NAME=value"},
      {{{"command", "a --port {port} | tee log"}}, "sh -c"},
      {{{"command", "a --port {port} $(b)"}}, "sh -c"},
      {{{"command", "a --port {port} 'b"}}, "never closed"},
      {{{"command", "a --port {port} $RARE_TEST_UNSET"}}, "not set"},
  };
  for (const auto& [values, words] : cases) {
    INFO(values.dump());
    const Status status = opened(values);
    CHECK(status.fault() == Fault::run);
    CHECK(status.code() == StatusCode::invalid_argument);
    CHECK_THAT(status.message(), Contains("service 'teacher'") && Contains(words));
  }
}

TEST_CASE("a command line is split as a shell does it") {
  setenv("RARE_TEST_FOLDER", "/models", 1);
  const auto words =
      command_words({"vllm serve \"a b\" --port {port}\n  --key={api_key} \\\n  "
                     "$RARE_TEST_FOLDER/x '{\"a\": 1}'\n"});
  unsetenv("RARE_TEST_FOLDER");
  REQUIRE(words.ok());
  CHECK(*words == std::vector<std::string>{"vllm", "serve", "a b", "--port", "{port}",
                                           "--key={api_key}", "/models/x", "{\"a\": 1}"});
  CHECK(*command_words({"a b", "$c", "{port}"}) == std::vector<std::string>{"a b", "$c", "{port}"});
  CHECK(filled("{a}:{b}{a}{c}", {{"a", "1"}, {"b", "{b}"}}) == "1:{b}1{c}");
}

TEST_CASE("who listens beyond this machine is found out") {
  for (const bool beyond : {false, true}) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(beyond ? INADDR_ANY : INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    REQUIRE(bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(listen(fd, 1) == 0);
    REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    CHECK(listens_beyond_loopback(ntohs(address.sin_port)) == beyond);
    close(fd);
    CHECK_FALSE(listens_beyond_loopback(ntohs(address.sin_port)));
  }
}
