// llm.local: a model on this machine, served by a process of our own: a GGUF file by llama-server,
// any other by the command that the pipeline gives.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/llm/chat_service.h"
#include "plugins/llm/local_server.h"

namespace rare::llm {

class LocalService final : public ChatService {
 public:
  ~LocalService() override;
  static Spec spec();
  Status open(ServiceContext& context) override;
  int concurrency() const override;
  std::string activity() const override;
  std::string notice() const override;

 private:
  Status open_file(ServiceContext& context, ChatOptions options);
  Status open_command(ServiceContext& context, ChatOptions options);
  // What is set beside `command` and has no meaning there, or without it.
  std::string misplaced_param() const;
  LocalServer::Settings settings_of(const ServiceContext& context, const char* log_name,
                                    double startup_timeout_s) const;
  LocalServer::Settings file_settings(const ServiceContext& context, bool plain_template) const;
  // Clients, and the server that they start when they need it.
  Status start(ServiceContext& context, ChatOptions options, LocalServer::Settings settings,
               LocalServer::Events events);

  // On the server's thread, from here on. Finds what identifies the replies of a GGUF file, so that
  // they can be looked up.
  void find_revision(ServiceContext& context, bool plain_template, const std::string& program);
  // The same for a command: its text, and the model's name once that is known.
  void set_command_revision(const std::string& model);
  // The model of a healthy server, or why there is none to ask for.
  Result<std::string> served_model(const LocalServer::Address& address);
  Status command_up(const LocalServer::Address& address);

  std::string model_, server_;
  std::vector<std::string> command_, args_;
  std::optional<int> context_tokens_, slots_, threads_, max_in_flight_;
  std::optional<double> startup_timeout_s_;

  std::string name_;
  std::string model_path_;
  std::string announced_path_;   // of the file that remembers the model's name for a command
  std::string announced_model_;  // empty: not known yet
  // A server that has not said what its model is called is needed by calls as soon as there are
  // any: without the name they are not even looked up.
  std::atomic<bool> model_unknown_ = false, model_needed_ = false;
  bool demo_ = false;
  std::unique_ptr<LocalServer> process_;
};

}  // namespace rare::llm
