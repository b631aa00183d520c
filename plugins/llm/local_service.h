// llm.local: a GGUF model on this machine, served by a llama-server of our own.
#pragma once

#include <memory>
#include <mutex>
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
  int concurrency() const override { return slots_; }
  std::string activity() const override;
  std::string notice() const override;

 private:
  LocalServer::Settings server_settings(const ServiceContext& context, bool plain_template) const;
  // On the server's thread: hashes the model, so that replies can be looked up.
  void find_revision(ServiceContext& context, bool plain_template, const std::string& program);

  std::string model_, server_;
  int context_tokens_ = 8192, slots_ = 4, threads_ = 0;
  double startup_timeout_s_ = 120;
  std::vector<std::string> args_;

  std::string name_;
  std::string model_path_;
  bool demo_ = false;
  std::unique_ptr<LocalServer> process_;
};

}  // namespace rare::llm
