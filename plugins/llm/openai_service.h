// llm.openai: any endpoint that speaks the OpenAI chat protocol.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "plugins/llm/chat_service.h"

namespace rare::llm {

class OpenAiService final : public ChatService {
 public:
  static Spec spec();
  Status open(ServiceContext& context) override;
  int concurrency() const override { return max_in_flight_; }

 private:
  std::vector<std::string> base_url_;
  std::string model_, api_key_;
  int max_in_flight_ = 64;
  std::optional<int> max_in_flight_total_;
  double requests_per_minute_ = 0, tokens_per_minute_ = 0;
  double outage_limit_s_ = 3600;
  std::string stream_;
  double stall_timeout_s_ = 300;
  Json headers_ = Json::object();
};

}  // namespace rare::llm
