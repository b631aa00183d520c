// Requests and replies as the pipeline pipelines/rare.yaml makes them, as many as are wanted: its
// prompts, with the sample's passages and with texts that nobody wrote, made of the words of the
// repository's own documents in the order in which they follow each other there (each word drawn
// after the one before it). Such text packs no better than what people write.
//
// Thread-safety: one thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "rare/json.h"
#include "rare/reply_store.h"

namespace rare::bench {

class ReplyTexts {
 public:
  // `repository` is the folder of the source tree.
  explicit ReplyTexts(const std::string& repository) {
    const std::string prompts = repository + "/plugins/rare/prompts/";
    for (const char* name : {"doc2query", "reason_distill"}) {
      systems_.push_back(whole(prompts + name + "_system.txt"));
      prompts_.push_back(whole(prompts + name + ".txt"));
    }
    std::istringstream lines(whole(repository + "/pipelines/data/passages.jsonl"));
    for (std::string line; std::getline(lines, line);) {
      learn(Json::parse(line).at("text").get<std::string>());
    }
    for (const auto& file : std::filesystem::recursive_directory_iterator(repository + "/docs")) {
      if (file.path().extension() == ".md") learn(whole(file.path().string()));
    }
  }

  // Reply `number`, of one of the two nodes, with about `body_bytes` in its body.
  StoredReply reply(std::uint64_t number, std::size_t body_bytes) {
    random_.seed(number);
    const bool reasoning = number % 2 == 1;
    std::string prompt = prompts_[reasoning];
    const std::size_t hole = prompt.find("{{text}}");
    const std::string passages =
        reasoning ? text(700) + "\nPassage 2: " + text(700) + "\nPassage 3: " + text(700) +
                        "\nPassage 4: " + text(700) + "\nScenario: " + text(300)
                  : text(700);
    prompt.replace(hole, 8, passages);
    StoredReply reply;
    const Json request = {{"model", "bench-model-70b"},
                          {"messages",
                           {{{"role", "system"}, {"content", systems_[reasoning]}},
                            {{"role", "user"}, {"content", prompt}}}},
                          {"generation", {{"temperature", 0.8}, {"max_tokens", 4096}}},
                          {"schema", nullptr},
                          {"sample", 0},
                          {"attempt", 1}};
    reply.request = request.dump();
    const Json message = {{"role", "assistant"},
                          {"content", text(body_bytes > 400 ? body_bytes - 400 : body_bytes)}};
    const Json choice = {{"index", 0}, {"message", message}, {"finish_reason", "stop"}};
    reply.body = Json{{"id", "chatcmpl-" + std::to_string(random_())},
                      {"object", "chat.completion"},
                      {"created", 1'790'000'000 + number},
                      {"model", "bench-model-70b"},
                      {"choices", Json::array({choice})},
                      {"usage",
                       {{"prompt_tokens", 1400 + random_() % 300},
                        {"completion_tokens", 900 + random_() % 200}}}}
                     .dump();
    reply.model = "bench-model-70b";
    reply.node = reasoning ? "reasoning" : "questions";
    reply.latency_s = 1.5;
    return reply;
  }

 private:
  static std::string whole(const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  void learn(const std::string& text) {
    std::istringstream in(text);
    std::uint32_t before = 0;
    for (std::string word; in >> word;) {
      const auto [at, added] = numbers_.try_emplace(word, words_.size());
      if (added) {
        words_.push_back(word);
        next_.emplace_back();
      }
      if (!next_.empty()) next_[before].push_back(at->second);
      before = at->second;
    }
  }
  std::string text(std::size_t bytes) {
    std::string text;
    std::uint32_t word = random_() % words_.size();
    while (text.size() < bytes) {
      text += words_[word] + " ";
      const auto& next = next_[word];
      // Now and then another beginning, so that no stretch of the documents comes back whole.
      const bool jump = next.empty() || random_() % 12 == 0;
      word = jump ? random_() % words_.size() : next[random_() % next.size()];
    }
    return text;
  }

  std::vector<std::string> systems_, prompts_;
  std::vector<std::string> words_;
  std::vector<std::vector<std::uint32_t>> next_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::mt19937_64 random_;
};

}  // namespace rare::bench
