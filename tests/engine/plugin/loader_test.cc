#include "engine/plugin/loader.h"

#include <cstdlib>
#include <filesystem>

#include "catch.h"
#include "fixture_files.h"
#include "patched_plugin.h"

namespace rare::engine {
namespace {

namespace fs = std::filesystem;
using test::fixture;
using test::fixture_folder;
using test::ScratchFolder;

// Why the loader refuses the only plugin of a fixture's folder; empty: it does not.
std::string refusal(const std::string& name) {
  Registry registry;
  load_plugins({fixture_folder(name)}, registry);
  if (registry.refused().empty()) return "";
  CHECK(registry.plugins().empty());
  CHECK(registry.names().empty());
  REQUIRE(registry.refused().size() == 1);
  CHECK(registry.refused()[0].file == fixture(name));
  return registry.refused()[0].reason;
}

// Sets RARE_PLUGIN_PATH for as long as it lives.
class PluginPathVariable {
 public:
  explicit PluginPathVariable(const std::string& value) {
    ::setenv("RARE_PLUGIN_PATH", value.c_str(), 1);
  }
  ~PluginPathVariable() { ::unsetenv("RARE_PLUGIN_PATH"); }
};

TEST_CASE("a sound plugin is loaded with all its components") {
  Registry registry;
  load_plugins({fixture_folder("good")}, registry);
  CHECK(registry.refused().empty());
  REQUIRE(registry.plugins().size() == 1);
  CHECK(registry.plugins()[0].name == "good");
  CHECK(registry.plugins()[0].version == "1.2.3");
  CHECK(registry.plugins()[0].file == fixture("good"));
  CHECK(registry.names() == std::vector<std::string>{"good.ask", "good.nowhere", "good.numbers",
                                                     "good.silence", "good.upper"});
  CHECK(registry.find("good.ask")->component.kind == ComponentKind::async_operator);
  CHECK(registry.find("good.nowhere")->component.kind == ComponentKind::sink);
  CHECK(registry.find("good.numbers")->component.kind == ComponentKind::source);
  CHECK(registry.find("good.silence")->component.kind == ComponentKind::service);
  CHECK(registry.find("good.upper")->component.kind == ComponentKind::operator_);
}

TEST_CASE("objects of a plugin outlive the registry that loaded it") {
  std::unique_ptr<Source> source;
  {
    Registry registry;
    load_plugins({fixture_folder("good")}, registry);
    const RegisteredComponent* numbers = registry.find("good.numbers");
    REQUIRE(numbers != nullptr);
    source = numbers->component.make_source(Json{{"count", 3}}, {});
  }
  const Result<std::optional<Record>> record = source->next();
  REQUIRE(record.ok());
  CHECK(record->value().fields() == Json{{"text", "0"}});
}

TEST_CASE("a plugin that the gate refuses is never run") {
  // Its static initialiser throws: dlopen would have ended this process.
  const ScratchFolder folder;
  test::write_plugin_of_sdk_9_4(RARE_TEST_PLUGINS, folder / "other.so");
  Registry registry;
  load_plugins({folder.path()}, registry);
  CHECK(registry.plugins().empty());
  REQUIRE(registry.refused().size() == 1);
  CHECK(registry.refused()[0].file == folder / "other.so");
  CHECK(registry.refused()[0].reason ==
        "built with SDK 9.4, this engine with SDK 1.4: rebuild the plugin against SDK 1.4");
}

TEST_CASE("a plugin that was built with an earlier SDK is refused in one line, and never run") {
  CHECK(refusal("sdk_1_0") ==
        "built with SDK 1.0, this engine with SDK 1.4: rebuild the plugin against SDK 1.4");
  CHECK(refusal("sdk_1_1") ==
        "built with SDK 1.1, this engine with SDK 1.4: rebuild the plugin against SDK 1.4");
}

TEST_CASE("what is no plugin is refused by what it is") {
  CHECK(refusal("not_elf") == "not a shared library: it does not begin as an ELF file");
  CHECK(refusal("no_descriptor") ==
        "no plugin descriptor: not built with rare_add_plugin(), or RARE_PLUGIN is missing");
}

TEST_CASE("a symbol that nothing defines is named as it stands in the source") {
  CHECK(refusal("undefined_symbol") ==
        "needs 'elsewhere::set_up(std::__cxx11::basic_string<char, std::char_traits<char>, "
        "std::allocator<char> > const&, int)', which nothing provides: link the library that "
        "defines it into the plugin");
}

TEST_CASE("a descriptor without its function is refused") {
  CHECK(refusal("no_register") ==
        "has a descriptor and no function rare_plugin_register: declare both with one RARE_PLUGIN");
}

TEST_CASE("a registration that throws costs its plugin, and nothing of it stays") {
  CHECK(refusal("throws_standard") == "its registration threw an exception: no licence file");
  CHECK(refusal("throws_int") == "its registration threw what is no std::exception, but 'int'");
}

TEST_CASE("an invalid spec costs its plugin as a whole") {
  CHECK(refusal("invalid_spec") ==
        "component 'invalid.broken': parameter 'level': its default 12 is above the maximum 10");
}

TEST_CASE("one name twice in a file is refused") {
  CHECK(refusal("same_name_twice") == "component 'twice.echo' is registered twice by " +
                                          fixture("same_name_twice") +
                                          ": give each component a name of its own");
}

TEST_CASE("one name in two files: the error names both, and the first stays") {
  Registry registry;
  load_plugins({fixture_folder("good"), fixture_folder("same_name")}, registry);
  CHECK(registry.plugins().size() == 1);
  REQUIRE(registry.refused().size() == 1);
  CHECK(registry.refused()[0].file == fixture("same_name"));
  CHECK(registry.refused()[0].code == StatusCode::already_exists);
  CHECK(registry.refused()[0].reason == "component 'good.upper' comes from both " +
                                            fixture("good") + " and " + fixture("same_name") +
                                            ": remove one of the two files or rename the "
                                            "component");
}

TEST_CASE("a plugin takes the place of one of its name in a later folder") {
  const ScratchFolder installed;
  fs::copy_file(fixture("good"), installed / "good.so");
  Registry registry;
  load_plugins({fixture_folder("good"), installed.path()}, registry);
  CHECK(registry.refused().empty());
  REQUIRE(registry.plugins().size() == 1);
  CHECK(registry.plugins()[0].file == fixture("good"));
  REQUIRE(registry.replaced().size() == 1);
  CHECK(registry.replaced()[0].name == "good");
  CHECK(registry.replaced()[0].file == installed / "good.so");
  CHECK(registry.replaced()[0].replaced_by == fixture("good"));
}

TEST_CASE("a plugin that is refused lets none of its name from a later folder in") {
  const ScratchFolder built, installed;
  test::write_plugin_of_sdk_9_4(RARE_TEST_PLUGINS, built / "mine.so");
  fs::copy_file(RARE_TEST_PLUGINS "/throwing_initialiser/throwing_initialiser.so",
                installed / "mine.so");
  Registry registry;
  load_plugins({built.path(), installed.path()}, registry);  // the latter would end this process
  CHECK(registry.refused().size() == 1);
  CHECK(registry.replaced().size() == 1);
}

TEST_CASE("one plugin twice in a folder is refused") {
  const ScratchFolder folder;
  fs::copy_file(fixture("good"), folder / "a.so");
  fs::copy_file(fixture("good"), folder / "b.so");
  Registry registry;
  load_plugins({folder.path()}, registry);
  CHECK(registry.plugins().size() == 1);
  CHECK(registry.replaced().empty());
  REQUIRE(registry.refused().size() == 1);
  CHECK(registry.refused()[0].code == StatusCode::already_exists);
}

TEST_CASE("a defect stops no other plugin") {
  ScratchFolder folder;
  fs::copy_file(fixture("not_elf"), folder / "a.so");
  fs::copy_file(fixture("good"), folder / "b.so");
  fs::copy_file(fixture("throws_int"), folder / "c.so");
  fs::create_symlink(folder / "nowhere.so", folder / "d.so");
  fs::copy_file(fixture("good"), folder / "library.so.1");  // no plugin by its name
  Registry registry;
  load_plugins({folder.path()}, registry);
  REQUIRE(registry.plugins().size() == 1);
  CHECK(registry.plugins()[0].file == folder / "b.so");
  REQUIRE(registry.refused().size() == 3);
  CHECK(registry.refused()[0].file == folder / "a.so");
  CHECK(registry.refused()[1].file == folder / "c.so");
  CHECK(registry.refused()[2].file == folder / "d.so");
  CHECK(registry.refused()[2].reason == "cannot be read: No such file or directory");
}

TEST_CASE("a file that is reached twice is loaded once") {
  ScratchFolder folder;
  fs::create_symlink(fixture("good"), folder / "link.so");
  Registry registry;
  load_plugins({folder.path(), fixture_folder("good")}, registry);
  CHECK(registry.refused().empty());
  REQUIRE(registry.plugins().size() == 1);
  CHECK(registry.plugins()[0].file == folder / "link.so");
}

TEST_CASE("the search path: given folders, then RARE_PLUGIN_PATH; existing ones, each once") {
  ScratchFolder a, b, c;
  fs::create_directory_symlink(a.path(), c / "a_again");
  const PluginPathVariable variable(b.path() + "::" + a / "none" + ":" + c / "a_again");
  const std::vector<std::string> path = plugin_search_path({a.path(), a / "none", a / "."});
  REQUIRE(path.size() >= 2);
  CHECK(path[0] == a.path());
  CHECK(path[1] == b.path());
  for (std::size_t i = 2; i < path.size(); ++i) {
    CHECK_FALSE(fs::equivalent(path[i], a.path()));
  }
}

TEST_CASE("an engine's own plugins are in the libdir of its prefix, not in another one beside it") {
  const ScratchFolder prefix;
  const auto folder_of = [&] {
    return own_plugin_folder(prefix / "bin", "../lib/x86_64-linux-gnu/rare/plugins",
                             prefix / "configured");
  };
  CHECK(folder_of() == "");
  fs::create_directories(prefix / "configured");
  CHECK(folder_of() == prefix / "configured");
  fs::create_directories(prefix / "bin");
  fs::create_directories(prefix / "lib/rare/plugins");
  CHECK(folder_of() == prefix / "lib/rare/plugins");
  fs::create_directories(prefix / "lib/x86_64-linux-gnu/rare/plugins");
  CHECK(fs::equivalent(folder_of(), prefix / "lib/x86_64-linux-gnu/rare/plugins"));
}

TEST_CASE("the first folder of the search path wins a file that both reach") {
  ScratchFolder a, b;
  fs::create_symlink(fixture("good"), a / "good.so");
  fs::create_symlink(fixture("good"), b / "good.so");
  Registry registry;
  load_plugins({b.path(), a.path()}, registry);
  REQUIRE(registry.plugins().size() == 1);
  CHECK(registry.plugins()[0].file == b / "good.so");
}

}  // namespace
}  // namespace rare::engine
