#include "engine/plugin/loader.h"

#include <cxxabi.h>
#include <dlfcn.h>

#include <algorithm>
#include <atomic>
#include <boost/dll/shared_library.hpp>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <typeinfo>
#include <utility>

#include "engine/plugin/elf_section.h"
#include "rare/tool.h"

namespace rare::engine {
namespace {

namespace fs = std::filesystem;

// Atomic for the handler of a signal.
std::atomic<const char*> file_at_load{nullptr};

std::string demangled(const std::string& symbol) {
  int failure = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(symbol.c_str(), nullptr, nullptr, &failure), &std::free);
  return failure == 0 && name ? std::string(name.get()) : symbol;
}

// The dynamic linker's own message in terms of what to do. It begins with the file's name, which
// whoever reports the refusal says already.
std::string linker_reason(std::string message, const std::string& file) {
  if (message.rfind(file + ": ", 0) == 0) message.erase(0, file.size() + 2);
  constexpr std::string_view kUndefined = "undefined symbol: ";
  if (const std::size_t at = message.find(kUndefined); at != std::string::npos) {
    std::string symbol = message.substr(at + kUndefined.size());
    symbol.erase(std::min(symbol.find_first_of(", \t("), symbol.size()));
    return "needs '" + demangled(symbol) +
           "', which nothing provides: link the library that defines it into the plugin";
  }
  constexpr std::string_view kMissing = ": cannot open shared object file";
  if (const std::size_t at = message.find(kMissing); at != std::string::npos) {
    return "needs the library " + message.substr(0, at) +
           ", which is not there: install it, or link it statically into the plugin";
  }
  return "cannot be loaded: " + message;
}

// Libraries stay loaded until the process ends, and are not unloaded then either: objects, vtables
// and running threads of a plugin would outlive its code. Kept reachable, so that it is no leak.
void keep_loaded(boost::dll::shared_library library) {
  static auto* const kept = new std::vector<boost::dll::shared_library>();
  kept->push_back(std::move(library));
}

struct RegisterFunctions {
  void (*components)(Registrar&) = nullptr;
  void (*tools)(ToolRegistrar&) = nullptr;  // null: it brings no verbs
  const char* (*note)() = nullptr;          // null: it has nothing to say
};

Result<RegisterFunctions> load_library(const std::string& file) {
  boost::dll::shared_library library;
  std::error_code error;
  ::dlerror();
  // What a static initialiser throws must not come out of here: the dynamic linker would keep its
  // lock, and the next thread that asks it for something would hang.
  try {
    library.load(file, error, boost::dll::load_mode::rtld_now | boost::dll::load_mode::rtld_local);
  } catch (...) {
    std::terminate();  // which says what was thrown
  }
  if (!library.is_loaded()) {
    const char* message = ::dlerror();
    return Status(StatusCode::invalid_argument,
                  linker_reason(message ? message : error.message(), file));
  }
  RegisterFunctions functions;
  if (library.has(kRegisterSymbol)) {
    functions.components = &library.get<void(Registrar&)>(kRegisterSymbol);
  }
  if (library.has(kRegisterToolsSymbol)) {
    functions.tools = &library.get<void(ToolRegistrar&)>(kRegisterToolsSymbol);
  }
  if (library.has(kNoteSymbol)) functions.note = &library.get<const char*()>(kNoteSymbol);
  keep_loaded(std::move(library));
  if (functions.components == nullptr) {
    return Status(StatusCode::invalid_argument, std::string("has a descriptor and no function ") +
                                                    kRegisterSymbol +
                                                    ": declare both with one RARE_PLUGIN");
  }
  return functions;
}

Status register_all(const RegisterFunctions& functions, CollectingRegistrar& registrar,
                    CollectingToolRegistrar& tools) {
  const auto threw = [](const std::string& what) {
    return Status(StatusCode::internal, "its registration threw " + what);
  };
  try {
    functions.components(registrar);
    if (functions.tools != nullptr) functions.tools(tools);
  } catch (const std::exception& error) {
    return threw(std::string("an exception: ") + error.what());
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    return threw("what is no std::exception, but " +
                 (type ? "'" + demangled(type->name()) + "'" : std::string("of no known type")));
  }
  return Status();
}

// Whether the file names the function that registers verbs: it defines it, then. A file without a
// table of names, or with one that cannot be read, is for the dynamic linker to judge.
bool may_bring_verbs(const std::string& file) {
  const Result<std::string> names = read_elf_section(file, ".dynstr");
  if (!names.ok()) return true;
  return names->find(std::string(kRegisterToolsSymbol) + '\0') != std::string::npos;
}

std::string text_of(const char* characters, std::size_t size) {
  return std::string(characters, ::strnlen(characters, size));
}

Status load_checked(const std::string& file, const PluginDescriptor& descriptor, Wanted wanted,
                    Registry& registry) {
  if (Status status = check_descriptor(descriptor); !status.ok()) return status;
  if (wanted == Wanted::verbs && !may_bring_verbs(file)) return Status();
  struct AtLoad {
    explicit AtLoad(const char* name) { file_at_load.store(name); }
    ~AtLoad() { file_at_load.store(nullptr); }
  };
  const AtLoad at_load(file.c_str());
  const Result<RegisterFunctions> functions = load_library(file);
  if (!functions.ok()) return functions.status();
  CollectingRegistrar registrar;
  CollectingToolRegistrar tools;
  if (Status status = register_all(*functions, registrar, tools); !status.ok()) return status;
  LoadedPlugin plugin;
  plugin.name = text_of(descriptor.plugin_name, sizeof(descriptor.plugin_name));
  plugin.version = text_of(descriptor.plugin_version, sizeof(descriptor.plugin_version));
  plugin.file = file;
  plugin.note = functions->note;
  return registry.add(plugin, std::move(registrar.components), std::move(tools.tools));
}

using FilesByName = std::map<std::string, std::string>;  // of plugins

// `earlier`: of the folders before; `here`: of this one, to which the file is added.
Status load_plugin(const std::string& file, Wanted wanted, const FilesByName& earlier,
                   FilesByName& here, Registry& registry) {
  const Result<PluginDescriptor> descriptor = read_descriptor(file);
  if (!descriptor.ok()) return descriptor.status();
  std::string name = text_of(descriptor->plugin_name, sizeof(descriptor->plugin_name));
  if (const auto at = earlier.find(name); at != earlier.end()) {
    registry.replace({std::move(name), file, at->second});
    return Status();
  }
  here.emplace(std::move(name), file);
  return load_checked(file, *descriptor, wanted, registry);
}

// The plugin files of one folder, by name, so that every start sees them in the same order.
Result<std::vector<fs::path>> plugin_files(const std::string& folder) {
  std::error_code error;
  std::vector<fs::path> files;
  fs::directory_iterator entries(folder, error);
  for (; !error && entries != fs::directory_iterator(); entries.increment(error)) {
    if (entries->path().extension() == ".so") files.push_back(entries->path());
  }
  if (error) {
    return Status(StatusCode::permission_denied,
                  "the folder cannot be read: " + error.message() + "; check its permissions");
  }
  std::sort(files.begin(), files.end());
  return files;
}

void add_folder(const fs::path& folder, std::vector<std::string>& folders,
                std::set<fs::path>& seen) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (error || !fs::is_directory(real, error)) return;
  if (seen.insert(real).second) folders.push_back(folder.lexically_normal().string());
}

}  // namespace

const char* plugin_file_at_load() { return file_at_load.load(); }

std::string own_plugin_folder(const std::string& executable_folder, const std::string& from_engine,
                              const std::string& configured) {
  const fs::path folder(executable_folder);
  std::error_code error;
  for (const fs::path& own :
       {folder / from_engine, folder.parent_path() / "lib" / "rare" / "plugins",
        fs::path(configured)}) {
    if (fs::is_directory(own, error)) return own.string();
  }
  return "";
}

std::vector<std::string> plugin_search_path(const std::vector<std::string>& given) {
  std::vector<std::string> folders;
  std::set<fs::path> seen;
  for (const std::string& folder : given) add_folder(folder, folders, seen);
  const char* variable = std::getenv("RARE_PLUGIN_PATH");
  std::string_view list = variable ? variable : "";
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(':'), list.size());
    if (end > 0) add_folder(std::string(list.substr(0, end)), folders, seen);
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  std::error_code error;
  const fs::path executable = fs::read_symlink("/proc/self/exe", error);
  const std::string own = own_plugin_folder(executable.parent_path().string(),
                                            RARE_PLUGINS_FROM_ENGINE, RARE_INSTALLED_PLUGINS);
  if (!own.empty()) add_folder(own, folders, seen);
  return folders;
}

void load_plugins(const std::vector<std::string>& folders, Registry& registry, Wanted wanted) {
  std::set<fs::path> seen;
  FilesByName earlier;
  for (const std::string& folder : folders) {
    FilesByName here;
    const Result<std::vector<fs::path>> files = plugin_files(folder);
    if (!files.ok()) {
      registry.refuse({folder, files.status().message(), files.status().code()});
      continue;
    }
    for (const fs::path& file : *files) {
      std::error_code error;
      const fs::path real = fs::canonical(file, error);
      // A dangling link has no real file: opening it below says so.
      if (!seen.insert(error ? file : real).second) continue;
      const Status status = load_plugin(file.string(), wanted, earlier, here, registry);
      if (!status.ok()) registry.refuse({file.string(), status.message(), status.code()});
    }
    earlier.merge(here);
  }
}

}  // namespace rare::engine
