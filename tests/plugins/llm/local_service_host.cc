// Opens llm.local, asks one question and waits for ever: a test kills it.
// Arguments: run folder, the service's parameters as JSON.
#include <future>
#include <iostream>
#include <string>

#include "local_fixture.h"
#include "plugins/llm/local_service.h"
#include "rare/testing/harness.h"

int main(int, char** argv) {
  rare::testing::TestContext context;
  context.folder = argv[1];
  auto service = rare::testing::make<rare::llm::LocalService>(rare::Json::parse(argv[2]));
  const rare::Status status = service->open(context);
  if (!status) {
    std::cerr << status.message() << "\n";
    return 1;
  }
  auto* model = static_cast<rare::LanguageModel*>(
      service->connect(rare::LanguageModel::kInterface, {"node", 1}));
  const auto reply = rare::testing::wait_for(model->chat(rare::testing::request_of("hello")));
  std::cout << (reply.ok() ? "answered" : reply.status().message()) << std::endl;
  std::promise<void>().get_future().wait();
}
