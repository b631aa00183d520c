// Opens llm.local, asks one question and waits for ever: a test kills it.
// Arguments: model, server, run folder, then arguments of the server.
#include <future>
#include <iostream>
#include <string>
#include <vector>

#include "plugins/llm/local_service.h"
#include "rare/testing/harness.h"

int main(int argc, char** argv) {
  rare::testing::TestContext context;
  context.folder = argv[3];
  const std::vector<std::string> arguments(argv + 4, argv + argc);
  auto service = rare::testing::make<rare::llm::LocalService>(
      {{"model", argv[1]}, {"server", argv[2]}, {"args", arguments}});
  const rare::Status status = service->open(context);
  if (!status) {
    std::cerr << status.message() << "\n";
    return 1;
  }
  auto* model = static_cast<rare::LanguageModel*>(
      service->connect(rare::LanguageModel::kInterface, {"node", 1}));
  std::vector<rare::ChatMessage> messages;
  messages.emplace_back("user", "hello");
  rare::ChatRequest request(std::move(messages));
  const auto reply = rare::testing::wait_for(model->chat(std::move(request)));
  std::cout << (reply.ok() ? "answered" : reply.status().message()) << std::endl;
  std::promise<void>().get_future().wait();
}
