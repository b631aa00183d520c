// What the executable is as a file: plugins must not bind to it, and it must bring oneTBB itself.
#include "catch.h"
#include "engine_process.h"

namespace rare::engine {
namespace {

using test::EngineProcess;
using test::Finished;

TEST_CASE("the executable exports no symbol of the engine or the SDK") {
  const Finished finished =
      EngineProcess().run_program({"nm", "-D", "-C", "--defined-only", RARE_TEST_ENGINE});
  REQUIRE(finished.exit_code == 0);
  CHECK(finished.out.find("rare::") == std::string::npos);
  CHECK(finished.out.find("nlohmann::") == std::string::npos);
}

TEST_CASE("the executable links oneTBB itself") {
  const Finished finished = EngineProcess().run_program({"readelf", "-d", RARE_TEST_ENGINE});
  REQUIRE(finished.exit_code == 0);
  CHECK(finished.out.find("libtbb.so") != std::string::npos);
}

TEST_CASE("a result that cannot be written is an error") {
  const Finished finished = EngineProcess().run_program(
      {"sh", "-c", "exec \"$0\" operators > /dev/full", RARE_TEST_ENGINE});
  CHECK(finished.exit_code == 1);
  CHECK(finished.err.find("standard output cannot be written to") != std::string::npos);
}

}  // namespace
}  // namespace rare::engine
