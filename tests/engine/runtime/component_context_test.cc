// What components see of the engine.
#include "engine/runtime/component_context.h"

#include <filesystem>
#include <fstream>

#include "catch.h"
#include "rare/testing/test_context.h"

namespace rare::engine::test {

namespace fs = std::filesystem;

TEST_CASE("a component's scratch folder is its own, stays while it lives and goes with it") {
  testing::TestContext run;  // lends its folder
  Environment environment;
  environment.run_folder = run.scratch_folder();
  const fs::path root = scratch_root(environment.run_folder);
  {
    ComponentContext one("sort", environment);
    CHECK_FALSE(fs::exists(root));  // made when it is asked for
    const fs::path folder = one.scratch_folder();
    CHECK(fs::is_empty(folder));
    CHECK(fs::relative(folder, root).string().find("sort") == 0);
    std::ofstream(folder / "file") << "text";
    CHECK(one.scratch_folder() == folder);
    {
      // A pass of its own over the same node.
      ComponentContext same_name("sort", environment);
      CHECK(same_name.scratch_folder() != folder);
    }
    CHECK(fs::exists(folder / "file"));
  }
  CHECK_FALSE(fs::exists(root));
}

}  // namespace rare::engine::test
