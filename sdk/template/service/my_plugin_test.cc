#include <rare/testing/checks.h>
#include <rare/testing/operator_stress.h>
#include <rare/testing/services.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "my_plugin.cc"

namespace {

rare::Record text(const char* words) { return rare::Record(rare::Json{{"text", words}}); }

// A lexicon over a file with this content.
struct Opened {
  explicit Opened(const std::string& content) {
    const std::string path = context.scratch_folder() + "/words.txt";
    std::ofstream(path) << content;
    service = rare::testing::make<LexiconService>({{"path", path}});
    status = service->open(context);
    services.add<Lexicon>("words", *service);
  }
  rare::testing::TestContext context;
  std::unique_ptr<LexiconService> service;
  rare::Status status;
  rare::testing::Services services;
};

void a_text_is_weighed() {
  Opened lexicon("light -1\nheavy 2.5\n");
  RARE_CHECK_OK(lexicon.status);
  const auto weigh =
      rare::testing::make<Weigh>({{"lexicon", "words"}}, lexicon.services.resolver());
  const auto outcome = rare::testing::run(*weigh, text("heavy heavy light stone"));
  RARE_CHECK_OK(outcome.status);
  RARE_CHECK_EQUAL(outcome.records.at(0).fields()["weight"], 4.0);
  RARE_CHECK_EQUAL(lexicon.service->usage()["calls"], 1);
}

void a_line_that_is_no_weight_is_told_with_its_place() {
  const Opened lexicon("light -1\nheavy\n");
  RARE_CHECK(lexicon.status.message().find("words.txt:2") != std::string::npos);
}

void eight_threads_change_nothing() {
  Opened lexicon("a 1\nb 2\n");
  const std::vector<rare::Record> records{text("a"), text("a b"), rare::Record(), text("")};
  RARE_CHECK_OK(
      rare::testing::stress<Weigh>(records, {{"lexicon", "words"}}, lexicon.services.resolver()));
}

}  // namespace

int main() {
  a_text_is_weighed();
  a_line_that_is_no_weight_is_told_with_its_place();
  eight_threads_change_nothing();
  return rare::testing::failed_checks();
}
