// Finds plugin files, checks each before a byte of its code runs, and loads those that fit.
#pragma once

#include <string>
#include <vector>

#include "engine/plugin/registry.h"
#include "rare/plugin.h"
#include "rare/status.h"

namespace rare::engine {

// Where plugins are looked for, in this order: `given` (--plugin-path), RARE_PLUGIN_PATH (colons),
// then own_plugin_folder() of the executable. Never two of them: a build tree and an installed
// engine would bring each component twice. Existing folders only, each once.
std::vector<std::string> plugin_search_path(const std::vector<std::string>& given);

// The first that is there of: `from_engine`, the libdir of the prefix from the executable's folder,
// wherever that was moved; ../lib/rare/plugins (a build tree); `configured`, the libdir of the
// prefix that the engine was configured for. Empty: none is. The prefix's own libdir goes first, as
// a folder beside it with one plugin in it would hide all of the engine's.
std::string own_plugin_folder(const std::string& executable_folder, const std::string& from_engine,
                              const std::string& configured);

// Reads the descriptor out of the file's ELF section, without loading the file.
Result<PluginDescriptor> read_descriptor(const std::string& file);

// Why a plugin with this descriptor cannot be loaded into this engine, or OK.
Status check_descriptor(const PluginDescriptor& descriptor);

// Loads every *.so of the folders into the registry; what does not fit is refused with its reason,
// and never stops the others. A file that is reached twice (symbolic links) is loaded once. A
// plugin takes the place of one of its name in a later folder, also when it is refused itself: what
// was installed before never runs in place of what is being worked on. Nothing of a file runs
// before its descriptor fits; from there on its static initialisers run while it is loaded, and one
// that throws ends the process, because the dynamic linker cannot be unwound: the report of the
// crash names the file. Thread-safety: one thread at a time. Libraries stay loaded until the
// process ends.
//
// With Wanted::verbs, files that bring no verbs (rare/tool.h) are passed over once their descriptor
// fits: nothing of them runs, and none of what they link is loaded.
enum class Wanted { everything, verbs };
void load_plugins(const std::vector<std::string>& folders, Registry& registry,
                  Wanted wanted = Wanted::everything);

// The file whose code load_plugins() runs right now; null: none. For the report of
// a crash, which can ask nobody else.
const char* plugin_file_at_load();

}  // namespace rare::engine
