// llm.local against a stand-in for llama-server.
#include "plugins/llm/local_service.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

#include "catch.h"
#include "local_fixture.h"
#include "plugins/llm/gguf_file.h"
#include "plugins/llm/model_revision.h"
#include "rare/testing/harness.h"
#include "scratch_folder.h"

using namespace rare;
using namespace rare::llm;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

using testing::alive;
using testing::built_program;
using testing::ends_soon;
using testing::request_of;
using testing::ScratchFolder;

template <class T>
void append(std::string& bytes, T value) {
  bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void append_text(std::string& bytes, const std::string& text) {
  append<std::uint64_t>(bytes, text.size());
  bytes += text;
}

// The head of a model file: a few entries of several types, with a chat template or without.
std::string gguf_bytes(bool with_template) {
  std::string bytes = "GGUF";
  append<std::uint32_t>(bytes, 3);
  append<std::uint64_t>(bytes, 0);
  append<std::uint64_t>(bytes, with_template ? 4 : 3);
  append_text(bytes, "general.name");
  append<std::uint32_t>(bytes, 8);
  append_text(bytes, "tiny");
  append_text(bytes, "tiny.length");
  append<std::uint32_t>(bytes, 4);
  append<std::uint32_t>(bytes, 77);
  append_text(bytes, "tokenizer.ggml.tokens");
  append<std::uint32_t>(bytes, 9);
  append<std::uint32_t>(bytes, 8);
  append<std::uint64_t>(bytes, 2);
  append_text(bytes, "a");
  append_text(bytes, std::string(5000, 'b'));
  if (with_template) {
    append_text(bytes, "tokenizer.chat_template");
    append<std::uint32_t>(bytes, 8);
    append_text(bytes, "{{ messages }}");
  }
  return bytes;
}

void write_file(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// A service over the stand-in, opened.
struct Local {
  explicit Local(std::vector<std::string> args = {}, double startup_timeout_s = 20) {
    write_file(folder / "tiny.gguf", gguf_bytes(false));
    context.folder = folder.path();
    args.insert(args.end(), {"--pid-file", folder / "pids"});
    service = testing::make<LocalService>({{"model", folder / "tiny.gguf"},
                                           {"server", built_program("stand_in_llama_server")},
                                           {"args", args},
                                           {"startup_timeout_s", startup_timeout_s}});
    status = service->open(context);
    if (status) {
      model = static_cast<LanguageModel*>(service->connect(LanguageModel::kInterface, {"n", 1}));
    }
  }
  Result<ChatReply> ask(const std::string& text) {
    return testing::wait_for(model->chat(request_of(text)));
  }
  std::vector<pid_t> pids() const { return testing::pids_in(folder / "pids"); }
  ScratchFolder folder;
  testing::TestContext context;
  std::unique_ptr<LocalService> service;
  Status status;
  LanguageModel* model = nullptr;
};

}  // namespace

TEST_CASE("the server starts when first needed, answers, and ends with the service") {
  auto local = std::make_unique<Local>();
  REQUIRE(local->status.ok());
  CHECK(local->pids().empty());
  REQUIRE(local->ask("one").ok());
  REQUIRE(local->ask("two").ok());
  const auto pids = local->pids();
  REQUIRE(pids.size() == 1);
  CHECK(alive(pids[0]));
  CHECK(fs::exists(local->folder / "test.plain.jinja"));
  CHECK(local->service->concurrency() == 4);
  CHECK(local->service->notice().empty());
  local->service.reset();
  CHECK_FALSE(alive(pids[0]));
}

TEST_CASE("threads of the server give up their core soon, unless the user says otherwise") {
  const bool says = GENERATE(false, true);
  if (says) setenv("OMP_WAIT_POLICY", "active", 1);
  const Local local;
  REQUIRE(local.status.ok());
  REQUIRE(testing::wait_for(local.model->chat(request_of("one"))).ok());
  std::ifstream file("/proc/" + std::to_string(local.pids().at(0)) + "/environ");
  const std::string environment((std::istreambuf_iterator<char>(file)), {});
  CHECK_THAT(environment, Contains("LLAMA_API_KEY="));
  CHECK((environment.find("GOMP_SPINCOUNT=300") == std::string::npos) == says);
  unsetenv("OMP_WAIT_POLICY");
}

TEST_CASE("stored replies need no server, whatever port it had") {
  Local first;
  REQUIRE(first.status.ok());
  const auto reply = first.ask("one");
  REQUIRE(reply.ok());
  first.service.reset();

  auto again = testing::make<LocalService>({{"model", first.folder / "tiny.gguf"},
                                            {"server", built_program("stand_in_llama_server")},
                                            {"args", {"--pid-file", first.folder / "pids"}}});
  REQUIRE(again->open(first.context).ok());
  auto* model =
      static_cast<LanguageModel*>(again->connect(LanguageModel::kInterface, {"other", 2}));
  const auto stored = testing::wait_for(model->chat(request_of("one")));
  REQUIRE(stored.ok());
  CHECK(stored->from_store);
  CHECK(stored->text == reply->text);
  CHECK(first.pids().size() == 1);
}

TEST_CASE("a server that dies is started again, and its calls are asked again") {
  ScratchFolder state;
  Local local({"--state", state.path(), "--die-at", "3"});
  REQUIRE(local.status.ok());
  std::vector<Awaitable<Result<ChatReply>>> waiting;
  for (int i = 0; i < 12; ++i) {
    waiting.push_back(local.model->chat(request_of(std::to_string(i))));
  }
  for (auto& one : waiting) CHECK(testing::wait_for(std::move(one)).ok());
  CHECK(local.pids().size() == 2);
  CHECK(ends_soon(local.pids().at(0)));
}

TEST_CASE("a server that never starts ends the run and shows its last words") {
  Local local({"--refuse-start"});
  REQUIRE(local.status.ok());
  const Status status = local.ask("one").status();
  CHECK(status.fault() == Fault::run);
  CHECK(status.code() == StatusCode::unavailable);
  CHECK_THAT(status.message(), Contains("does not start: exit code 3") &&
                                   Contains("the stand-in does not want to start"));
}

TEST_CASE("a server that is never ready ends the run after its time") {
  Local local({"--never-healthy"}, 0.3);
  REQUIRE(local.status.ok());
  const Status status = local.ask("one").status();
  CHECK(status.fault() == Fault::run);
  CHECK_THAT(status.message(), Contains("not ready after") && Contains("startup_timeout_s"));
  for (const pid_t pid : local.pids()) CHECK_FALSE(alive(pid));
}

TEST_CASE("what is missing is said before any record, with two ways out") {
  ScratchFolder folder;
  testing::TestContext context("teacher");
  context.folder = folder.path();
  const auto open = [&](const Json& values) {
    auto service = testing::make<LocalService>(values);
    return service->open(context);
  };
  const auto check_words = [](const Status& status, const char* about) {
    CHECK(status.fault() == Fault::run);
    CHECK(status.code() == StatusCode::invalid_argument);
    for (const char* words :
         {about, "service 'teacher'", "./dev run", "-f pipelines/openai.yaml", "RARE_LLM_URL"}) {
      CHECK_THAT(status.message(), Contains(words));
    }
  };
  check_words(open({{"model", folder / "none.gguf"}}), "none.gguf");

  write_file(folder / "text.gguf", "this is no model");
  check_words(open({{"model", folder / "text.gguf"}}), "is no GGUF file");

  write_file(folder / "tiny.gguf", gguf_bytes(true));
  check_words(open({{"model", folder / "tiny.gguf"}, {"server", folder / "no-server"}}),
              "no-server");
}

TEST_CASE("the head of a model file is read, and a broken one refused") {
  ScratchFolder folder;
  write_file(folder / "a", gguf_bytes(true));
  CHECK(read_gguf(folder / "a")->has_chat_template);
  write_file(folder / "a", gguf_bytes(false));
  CHECK_FALSE(read_gguf(folder / "a")->has_chat_template);
  const std::string whole = gguf_bytes(true);
  for (std::size_t length = 0; length < whole.size(); length += 7) {
    write_file(folder / "a", whole.substr(0, length));
    CHECK_FALSE(read_gguf(folder / "a").ok());
  }
  CHECK(read_gguf(folder / "missing").status().code() == StatusCode::not_found);
}

TEST_CASE("a model's hash is remembered until the file changes") {
  ScratchFolder folder;
  write_file(folder / "m", "abc");
  const auto first = model_hash(folder / "m", folder / "cache");
  REQUIRE(first.ok());
  CHECK(*first == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  Json known = Json::parse(std::ifstream(folder / "cache"));
  known["sha256"] = "remembered";
  write_file(folder / "cache", known.dump());
  CHECK(*model_hash(folder / "m", folder / "cache") == "remembered");
  write_file(folder / "m", "abcd");
  CHECK(*model_hash(folder / "m", folder / "cache") != "remembered");
}

TEST_CASE("SIGKILL of the engine leaves no server behind") {
  ScratchFolder folder;
  write_file(folder / "tiny.gguf", gguf_bytes(false));
  const std::string host = built_program("local_service_host");
  const std::string server = built_program("stand_in_llama_server");
  int out[2];
  REQUIRE(pipe(out) == 0);
  const std::string run_folder = folder.path(), pid_file = folder / "pids";
  const std::string values =
      Json{{"model", folder / "tiny.gguf"}, {"server", server}, {"args", {"--pid-file", pid_file}}}
          .dump();
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
  pid_t child = 0;
  std::ifstream(pid_file) >> child;
  REQUIRE(child > 0);
  CHECK(alive(child));
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  CHECK(ends_soon(child));
  close(out[0]);
}

TEST_CASE("a probe starts the server as a run does, and says why it does not start") {
  Local local;
  REQUIRE(local.status.ok());
  const auto probe_of = [](Local& of) {
    return static_cast<ModelProbe*>(of.service->connect(ModelProbe::kInterface, {"check", 0}));
  };
  REQUIRE(probe_of(local) != nullptr);
  const Result<ModelReport> report = probe_of(local)->probe(std::chrono::seconds(60));
  REQUIRE(report.ok());
  CHECK(report->model == "tiny");
  REQUIRE(report->endpoints.size() == 1);
  CHECK(report->endpoints[0].outcome == ProbeOutcome::works);
  CHECK(report->endpoints[0].structured == "json_schema");
  const auto pids = local.pids();
  REQUIRE(pids.size() == 1);
  local.service.reset();
  CHECK_FALSE(alive(pids[0]));

  Local broken({"--refuse-start"});
  REQUIRE(broken.status.ok());
  CHECK_THAT(probe_of(broken)->probe(std::chrono::seconds(60)).status().message(),
             Contains("does not start") && Contains("the stand-in does not want to start"));
}
