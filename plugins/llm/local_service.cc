#include "plugins/llm/local_service.h"

#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "plugins/digest/sha256.h"
#include "plugins/llm/gguf_file.h"
#include "plugins/llm/model_revision.h"
#include "plugins/llm/plain_template.h"

namespace rare::llm {
namespace {

namespace fs = std::filesystem;

constexpr char kDemoModel[] = "models/gemma-3-270m-q4_k_m.gguf";
constexpr char kServerName[] = "llama-server";

std::string variable(const char* name) {
  const char* value = getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

fs::path download_folder() {
  const std::string cache = variable("XDG_CACHE_HOME");
  const fs::path base = cache.empty() ? fs::path(variable("HOME")) / ".cache" : fs::path(cache);
  return base / "rare-engine";
}

bool is_program(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error) && access(path.c_str(), X_OK) == 0;
}

// The program for `server` (a path, or a name on PATH; empty: llama-server there or among the
// downloads), or an empty text.
std::string find_server(const std::string& server) {
  if (server.find('/') != std::string::npos) return is_program(server) ? server : std::string();
  const std::string name = server.empty() ? kServerName : server;
  std::string folders = variable("PATH");
  for (std::size_t at = 0; at <= folders.size();) {
    const std::size_t end = std::min(folders.find(':', at), folders.size());
    const fs::path candidate = fs::path(folders.substr(at, end - at)) / name;
    if (end > at && is_program(candidate)) return candidate.string();
    at = end + 1;
  }
  const fs::path built = download_folder() / "bin" / kServerName;
  return server.empty() && is_program(built) ? built.string() : std::string();
}

constexpr char kWayOut[] =
    "\n  `./dev run` fetches the demo model and builds its server; `model:` and `server:` of the "
    "service name others."
    "\n  Or name an endpoint: RARE_LLM_URL=http://HOST/v1 RARE_LLM_MODEL=NAME rare-engine "
    "pipelines/rare.yaml -f pipelines/openai.yaml (for other pipelines: pipelines/endpoint.yaml)";

}  // namespace

Spec LocalService::spec() {
  Spec spec("llm.local");
  spec.summary("A GGUF model on this machine, served by a llama-server that starts when needed.")
      .param(&LocalService::model_, "model", std::nullopt,
             "The model's GGUF file; left out: the demo model that `./dev run` fetches.")
      .input_path()
      .param(&LocalService::server_, "server", "",
             "The llama-server to start: a path, or a name on PATH; empty: llama-server on PATH, "
             "else the one that `./dev run` builds.")
      .no_effect_on_result()
      .param(&LocalService::context_tokens_, "context", 8192,
             "Longest prompt and answer together, for each slot.")
      .range(256, 1 << 22)
      .unit("tokens")
      .no_effect_on_result()
      .param(&LocalService::slots_, "slots", 4,
             "Calls that are answered at the same time, in one batch.")
      .range(1, 256)
      .no_effect_on_result()
      .param(&LocalService::threads_, "threads", 0, "Threads of the server; 0: its own choice.")
      .range(0, 4096)
      .no_effect_on_result()
      .param(&LocalService::args_, "args", std::vector<std::string>(),
             "Further arguments of the server.")
      .param(&LocalService::startup_timeout_s_, "startup_timeout_s", 120.0,
             "Longest time until the server has loaded the model.")
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

Status LocalService::open(ServiceContext& context) {
  const auto wrong = [&context](const std::string& what) {
    return Status::run_fault(StatusCode::invalid_argument,
                             "service '" + context.name() + "': " + what);
  };
  name_ = context.name();
  const std::string demo_path = (download_folder() / kDemoModel).string();
  model_path_ = model_.empty() ? demo_path : model_;
  demo_ = fs::path(model_path_).filename() == fs::path(demo_path).filename();
  std::error_code error;
  if (!fs::is_regular_file(model_path_, error)) {
    return wrong("there is no local model at " + model_path_ + kWayOut);
  }
  const Result<GgufInfo> info = read_gguf(model_path_);
  if (!info) return wrong("the local model " + info.status().message() + kWayOut);
  const std::string program = find_server(server_);
  if (program.empty()) {
    return wrong((server_.empty() ? std::string("there is no llama-server on PATH or in ") +
                                        (download_folder() / "bin").string()
                                  : "there is no program \"" + server_ + "\" to serve the model") +
                 kWayOut);
  }
  Result<ChatOptions> options = shared_options(context);
  if (!options) return options.status();
  options->model = fs::path(model_path_).stem().string();
  options->max_in_flight = slots_;
  options->managed = true;

  const bool plain_template = !info->has_chat_template;
  LocalServer::Settings settings = server_settings(context, plain_template);
  settings.program = program;
  if (plain_template) {
    std::ofstream(settings.log_path.substr(0, settings.log_path.rfind('/')) + "/plain.jinja")
        << kPlainTemplate;
  }
  if (Status status = start_client(context, std::move(*options)); !status.ok()) return status;
  client().on_endpoint_needed([this] { process_->start(); });
  probe().on_endpoint_needed([this] { process_->start(); });
  LocalServer::Events events;
  events.begin = [this, &context, plain_template, program] {
    find_revision(context, plain_template, program);
  };
  events.up = [this](const std::string& base_url, const std::string& key) {
    client().endpoint_up(base_url + "/v1/chat/completions", key);
    probe().endpoint_up(base_url + "/v1/chat/completions", key);
  };
  events.down = [this] { client().endpoint_down(); };
  events.failed = [this](const Status& fault) {
    client().fail(fault);
    probe().endpoint_failed(fault);
  };
  events.log = [&context](LogLevel level, const std::string& line) { context.log(level, line); };
  process_ = std::make_unique<LocalServer>(std::move(settings), std::move(events), client().loop());
  return Status();
}

LocalServer::Settings LocalService::server_settings(const ServiceContext& context,
                                                    bool plain_template) const {
  const fs::path folder = context.run_folder();
  LocalServer::Settings settings;
  settings.service = context.name();
  settings.log_path = (folder / "llama-server.log").string();
  settings.startup_timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>(startup_timeout_s_ * 1000));
  // The server divides its context among the slots.
  const std::int64_t context_tokens = static_cast<std::int64_t>(context_tokens_) * slots_;
  settings.arguments = {"--model",    model_path_,
                        "--ctx-size", std::to_string(context_tokens),
                        "--parallel", std::to_string(slots_),
                        "--jinja"};
  if (threads_ > 0) {
    settings.arguments.insert(settings.arguments.end(), {"--threads", std::to_string(threads_)});
  }
  if (plain_template) {
    settings.arguments.insert(settings.arguments.end(),
                              {"--chat-template-file", (folder / "plain.jinja").string()});
  }
  settings.arguments.insert(settings.arguments.end(), args_.begin(), args_.end());
  return settings;
}

void LocalService::find_revision(ServiceContext& context, bool plain_template,
                                 const std::string& program) {
  const fs::path folder = context.run_folder();
  const Result<std::string> hash = model_hash(model_path_, (folder / "model-hash.json").string());
  if (!hash) {
    return client().fail(
        Status::run_fault(StatusCode::invalid_argument,
                          "service '" + name_ + "': the local model " + hash.status().message()));
  }
  Json revision = {
      {"model_sha256", *hash},
      {"server", server_version(program, (folder / "llama-server.version").string())},
      {"template", plain_template ? digest::sha256_hex(kPlainTemplate) : "the model's own"}};
  if (!args_.empty()) revision["args"] = args_;
  if (!cache_revision_.empty()) revision["cache_revision"] = cache_revision_;
  client().set_revision(revision.dump());
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
