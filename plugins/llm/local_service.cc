#include "plugins/llm/local_service.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <utility>

#include "plugins/digest/sha256.h"
#include "plugins/llm/gguf_file.h"
#include "plugins/llm/model_revision.h"
#include "plugins/llm/plain_template.h"
#include "plugins/llm/server_command.h"
#include "plugins/process/program_path.h"

namespace rare::llm {
namespace {

namespace fs = std::filesystem;

constexpr char kDemoModel[] = "models/gemma-3-270m-q4_k_m.gguf";
constexpr char kServerName[] = "llama-server";
constexpr char kLocalChatPath[] = "/v1/chat/completions";
constexpr int kContextTokens = 8192, kSlots = 4, kInFlight = 64;
// A large model, which may have to be fetched and compiled first, takes its time.
constexpr double kFileStartup_s = 120, kCommandStartup_s = 1800;

constexpr char kDescription[] =
    "The server listens on a free port of 127.0.0.1, with a new random key for each start. It is "
    "waited for until /health, or where there is none /v1/models, says 200; what it prints is kept "
    "in the run's folder, and the end of that is shown when it fails. When it dies it is started "
    "again, and what it was asked is asked again. It ends with the run, together with the "
    "processes that it forked, also when the engine is killed.\n\n"
    "With `command` any server of the OpenAI chat protocol does, such as `vllm serve NAME --host "
    "{host} --port {port}`, which finds the key in VLLM_API_KEY, or `python3 -m "
    "sglang.launch_server "
    "--model-path NAME --host {host} --port {port} --api-key {api_key}`, whose key can be seen in "
    "the list of processes. Both lines follow the servers' manuals and were not tried with the "
    "servers themselves; the tests run a stand-in. Replies are stored under the text of `command`, "
    "with its places as they stand, and the model's name: what the server loads by that name is "
    "not looked at, so after other weights say another `cache_revision`.";

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

fs::path download_folder() {
  const std::string cache = variable("XDG_CACHE_HOME");
  const fs::path base = cache.empty() ? fs::path(variable("HOME")) / ".cache" : fs::path(cache);
  return base / "rare-engine";
}

// The program for `server` (a path, or a name on PATH; empty: llama-server there or among the
// downloads), or an empty text.
std::string find_server(const std::string& server) {
  const std::string found = process::find_program(server.empty() ? kServerName : server);
  if (!found.empty() || !server.empty()) return found;
  const std::string built = (download_folder() / "bin" / kServerName).string();
  return process::is_program(built) ? built : std::string();
}

// How long threads of an OpenMP server look out for the next piece of work before they sleep,
// unless the user says: by default for milliseconds, in which a machine with other work, too, gets
// a tenth of the tokens. Ten microseconds (300 turns of libgomp) cost an idle one nothing.
std::vector<std::string> openmp_environment() {
  if (getenv("OMP_WAIT_POLICY") != nullptr || getenv("GOMP_SPINCOUNT") != nullptr) return {};
  return {"GOMP_SPINCOUNT=300"};
}

Status wrong_service(const std::string& name, const std::string& what) {
  return Status::run_fault(StatusCode::invalid_argument, "service '" + name + "': " + what);
}

// A file of the service's own, as several may start at the same time.
std::string file_of_run(const ServiceContext& context, const char* name) {
  return (fs::path(context.run_folder()) / (context.name() + "." + name)).string();
}

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

constexpr char kWayOut[] =
    "\n  `./dev run` fetches the demo model and builds its server; `model:` and `server:` of the "
    "service name others."
    "\n  Or name an endpoint: RARE_LLM_URL=http://HOST/v1 RARE_LLM_MODEL=NAME rare-engine "
    "pipelines/rare.yaml -f pipelines/openai.yaml (for other pipelines: pipelines/endpoint.yaml)";

}  // namespace

Spec LocalService::spec() {
  Spec spec("llm.local");
  spec.summary("A model on this machine, served by a process that starts when needed.")
      .description(kDescription)
      .param(&LocalService::model_, "model", std::nullopt,
             "The model's GGUF file; left out: the demo model that `./dev run` fetches. With "
             "`command` the name that the server knows the model by; left out: the one that it "
             "lists.")
      .file_or_name()
      .param(&LocalService::command_, "command", std::vector<std::string>(),
             "The server to start, with {port} for its port and, where it can be told, {host} for "
             "127.0.0.1 and {api_key} for the key of the run: a command line, or a list of its "
             "words. Empty: llama-server, which is given `model`.")
      .or_single()
      .param(&LocalService::server_, "server", "",
             "The llama-server to start: a path, or a name on PATH; empty: llama-server on PATH, "
             "else the one that `./dev run` builds.")
      .no_effect_on_result()
      .param(&LocalService::context_tokens_, "context", std::nullopt,
             "Longest prompt and answer together, for each slot of llama-server; left out: 8192.")
      .range(256, 1 << 22)
      .unit("tokens")
      .no_effect_on_result()
      .param(&LocalService::slots_, "slots", std::nullopt,
             "Calls that llama-server answers at the same time, in one batch; left out: 4.")
      .range(1, 256)
      .no_effect_on_result()
      .param(&LocalService::threads_, "threads", std::nullopt,
             "Threads of llama-server; left out, or 0: its own choice.")
      .range(0, 4096)
      .no_effect_on_result()
      .param(&LocalService::args_, "args", std::vector<std::string>(),
             "Further arguments of llama-server.")
      .param(&LocalService::max_in_flight_, "max_in_flight", std::nullopt,
             "Most calls in flight at once to the server of `command`; left out: 64.")
      .range(1, 100000)
      .no_effect_on_result()
      .param(&LocalService::startup_timeout_s_, "startup_timeout_s", std::nullopt,
             "Longest time until the server has loaded the model; left out: 120, with `command` "
             "1800.")
      .range(0.1, 86400)
      .unit("s")
      .no_effect_on_result();
  add_shared_params<LocalService>(spec);
  return spec;
}

LocalService::~LocalService() {
  if (process_) process_->stop();
  stop_client();
}

int LocalService::concurrency() const {
  return command_.empty() ? slots_.value_or(kSlots) : max_in_flight_.value_or(kInFlight);
}

std::string LocalService::misplaced_param() const {
  if (command_.empty()) {
    return max_in_flight_ ? "`max_in_flight` is for `command`; of llama-server, `slots` says how "
                            "many calls are answered at the same time"
                          : "";
  }
  const std::pair<const char*, bool> of_llama_server[] = {{"server", !server_.empty()},
                                                          {"context", context_tokens_.has_value()},
                                                          {"slots", slots_.has_value()},
                                                          {"threads", threads_.has_value()},
                                                          {"args", !args_.empty()}};
  for (const auto& [param, is_set] : of_llama_server) {
    if (!is_set) continue;
    return std::string("`command` and `") + param + "` are both given, but `" + param +
           "` is for llama-server: say in `command` what its server is to be told" +
           (std::string_view(param) == "slots" ? ", and in `max_in_flight` how many calls it gets"
                                               : "");
  }
  return {};
}

Status LocalService::open(ServiceContext& context) {
  name_ = context.name();
  const std::string misplaced = misplaced_param();
  if (!misplaced.empty()) return wrong_service(name_, misplaced);
  Result<ChatOptions> options = shared_options(context);
  if (!options) return options.status();
  options->max_in_flight = concurrency();
  options->managed = true;
  return command_.empty() ? open_file(context, std::move(*options))
                          : open_command(context, std::move(*options));
}

Status LocalService::open_file(ServiceContext& context, ChatOptions options) {
  const std::string demo_path = (download_folder() / kDemoModel).string();
  model_path_ = model_.empty() ? demo_path : model_;
  demo_ = fs::path(model_path_).filename() == fs::path(demo_path).filename();
  std::error_code error;
  // What is not absolute was no file where the pipeline is.
  if (!fs::path(model_path_).is_absolute() || !fs::is_regular_file(model_path_, error)) {
    return wrong_service(name_, "there is no local model at " + model_path_ + kWayOut);
  }
  const Result<GgufInfo> info = read_gguf(model_path_);
  if (!info) return wrong_service(name_, "the local model " + info.status().message() + kWayOut);
  const std::string program = find_server(server_);
  if (program.empty()) {
    return wrong_service(
        name_, (server_.empty() ? std::string("there is no llama-server on PATH or in ") +
                                      (download_folder() / "bin").string()
                                : "there is no program \"" + server_ + "\" to serve the model") +
                   kWayOut);
  }
  options.model = fs::path(model_path_).stem().string();

  const bool plain_template = !info->has_chat_template;
  LocalServer::Settings settings = file_settings(context, plain_template);
  settings.program = program;
  if (plain_template) {
    std::ofstream(file_of_run(context, "plain.jinja")) << kPlainTemplate;
  }
  LocalServer::Events events;
  events.begin = [this, &context, plain_template, program] {
    find_revision(context, plain_template, program);
  };
  events.up = [this, model = options.model](const LocalServer::Address& address) {
    client().endpoint_up(address.base_url + kLocalChatPath, address.api_key);
    probe().endpoint_up(address.base_url + kLocalChatPath, address.api_key, model);
    return Status();
  };
  return start(context, std::move(options), std::move(settings), std::move(events));
}

Status LocalService::open_command(ServiceContext& context, ChatOptions options) {
  Result<std::vector<std::string>> words = command_words(command_);
  if (!words) return wrong_service(name_, "`command` " + words.status().message());
  const auto names_port = [](const std::string& word) {
    return word.find("{port}") != std::string::npos;
  };
  if (std::none_of(words->begin(), words->end(), names_port)) {
    return wrong_service(name_,
                         "`command` must say {port} where the server is told its port, as in: "
                         "vllm serve NAME --port {port}");
  }
  LocalServer::Settings settings =
      settings_of(context, "server.log", startup_timeout_s_.value_or(kCommandStartup_s));
  settings.program = process::find_program(words->front());
  if (settings.program.empty()) {
    return wrong_service(name_, "`command`: there is no program \"" + words->front() +
                                    "\"; expected a path, or a name on PATH (a variable before a "
                                    "program is set by `env NAME=value PROGRAM`)");
  }
  settings.arguments.assign(words->begin() + 1, words->end());
  settings.environment = {"VLLM_API_KEY={api_key}"};
  settings.is_foreign = true;
  options.model = model_;
  announced_path_ = file_of_run(context, "model.json");

  LocalServer::Events events;
  events.begin = [this] {
    const Json known = Json::parse(std::ifstream(announced_path_), nullptr, false);
    if (model_.empty() && known.is_object() && known.value("command", Json()) == Json(command_)) {
      announced_model_ = known.value("model", "");
    }
    const std::string model = model_.empty() ? announced_model_ : model_;
    if (!model.empty()) return set_command_revision(model);
    model_unknown_ = true;
    if (model_needed_) process_->start();
  };
  events.up = [this](const LocalServer::Address& address) { return command_up(address); };
  Status started = start(context, std::move(options), std::move(settings), std::move(events));
  if (!started.ok()) return started;
  client().on_revision_needed([this] {
    model_needed_ = true;
    if (model_unknown_) process_->start();
  });
  return Status();
}

Status LocalService::start(ServiceContext& context, ChatOptions options,
                           LocalServer::Settings settings, LocalServer::Events events) {
  if (Status status = start_client(context, std::move(options)); !status.ok()) return status;
  client().on_endpoint_needed([this] { process_->start(); });
  probe().on_endpoint_needed([this] { process_->start(); });
  events.down = [this] { client().endpoint_down(); };
  events.failed = [this](const Status& fault) {
    client().fail(fault);
    probe().endpoint_failed(fault);
  };
  events.log = [&context](LogLevel level, const std::string& line) { context.log(level, line); };
  process_ = std::make_unique<LocalServer>(std::move(settings), std::move(events), client().loop());
  return Status();
}

LocalServer::Settings LocalService::settings_of(const ServiceContext& context, const char* log_name,
                                                double startup_timeout_s) const {
  LocalServer::Settings settings;
  settings.service = context.name();
  settings.log_path = file_of_run(context, log_name);
  settings.startup_timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(startup_timeout_s * 1000));
  return settings;
}

LocalServer::Settings LocalService::file_settings(const ServiceContext& context,
                                                  bool plain_template) const {
  LocalServer::Settings settings =
      settings_of(context, "llama-server.log", startup_timeout_s_.value_or(kFileStartup_s));
  // The key goes by the environment: arguments can be read by every user of the machine.
  settings.environment = openmp_environment();
  settings.environment.push_back("LLAMA_API_KEY={api_key}");
  // The server divides its context among the slots.
  const int slots = concurrency();
  const std::int64_t context_tokens =
      static_cast<std::int64_t>(context_tokens_.value_or(kContextTokens)) * slots;
  std::vector<std::string>& arguments = settings.arguments;
  arguments = {"--model",    model_path_,           "--ctx-size", std::to_string(context_tokens),
               "--parallel", std::to_string(slots), "--jinja"};
  if (threads_.value_or(0) > 0) {
    arguments.insert(arguments.end(), {"--threads", std::to_string(*threads_)});
  }
  if (plain_template) {
    arguments.insert(arguments.end(),
                     {"--chat-template-file", file_of_run(context, "plain.jinja")});
  }
  arguments.insert(arguments.end(), args_.begin(), args_.end());
  arguments.insert(arguments.end(), {"--host", "{host}", "--port", "{port}"});
  return settings;
}

void LocalService::find_revision(ServiceContext& context, bool plain_template,
                                 const std::string& program) {
  const Result<std::string> hash = model_hash(model_path_, file_of_run(context, "model-hash.json"));
  if (!hash) {
    return client().fail(wrong_service(name_, "the local model " + hash.status().message()));
  }
  Json revision = {
      {"model_sha256", *hash},
      {"server", server_version(program, file_of_run(context, "llama-server.version"))},
      {"template", plain_template ? digest::sha256_hex(kPlainTemplate) : "the model's own"}};
  if (!args_.empty()) revision["args"] = args_;
  if (!cache_revision_.empty()) revision["cache_revision"] = cache_revision_;
  client().set_revision(revision.dump());
}

void LocalService::set_command_revision(const std::string& model) {
  Json revision = {{"command", command_}};
  if (!cache_revision_.empty()) revision["cache_revision"] = cache_revision_;
  client().set_revision(revision.dump(), model);
}

Result<std::string> LocalService::served_model(const LocalServer::Address& address) {
  const std::vector<std::string>& listed = address.models;
  if (!model_.empty()) {
    const bool known = std::find(listed.begin(), listed.end(), model_) != listed.end();
    if (known || listed.empty()) return model_;
    return wrong_service(name_, "the server of `command` lists no model \"" + model_ + "\", but " +
                                    joined(listed) + "; `model` is to be one of these");
  }
  if (listed.size() != 1) {
    return wrong_service(name_, listed.empty()
                                    ? "the server of `command` lists no model (/v1/models): say in "
                                      "`model` what it is called"
                                    : "the server of `command` lists several models: say in "
                                      "`model` which is meant of " +
                                          joined(listed));
  }
  return listed.front();
}

Status LocalService::command_up(const LocalServer::Address& address) {
  const Result<std::string> model = served_model(address);
  if (!model) return model.status();
  if (model_.empty() && announced_model_ != *model) {
    std::ofstream(announced_path_) << Json{{"command", command_}, {"model", *model}}.dump() << "\n";
    if (!announced_model_.empty()) {
      return wrong_service(name_, "the server of `command` lists the model \"" + *model +
                                      "\", where it was \"" + announced_model_ +
                                      "\" before, which replies are stored under. Start the same "
                                      "command again to go on with the new one.");
    }
    announced_model_ = *model;
    set_command_revision(*model);
  }
  client().endpoint_up(address.base_url + kLocalChatPath, address.api_key);
  probe().endpoint_up(address.base_url + kLocalChatPath, address.api_key, *model);
  return Status();
}

std::string LocalService::activity() const {
  const std::string starting = process_ ? process_->activity() : std::string();
  return starting.empty() ? ChatService::activity() : starting;
}

std::string LocalService::notice() const {
  if (!demo_) return {};
  return "This ran on the demo model, which proves that the machinery works: do not train on its "
         "text. A better model: `model:` of the service '" +
         name_ +
         "' names a GGUF file, `-f pipelines/openai.yaml` an endpoint (of other pipelines than "
         "rare.yaml: pipelines/endpoint.yaml).";
}

}  // namespace rare::llm
