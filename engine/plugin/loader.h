// Finds plugin files, checks each before a byte of its code runs, and loads those that fit.
#pragma once

#include <string>
#include <vector>

#include "engine/plugin/registry.h"
#include "rare/plugin.h"
#include "rare/status.h"

namespace rare::engine {

// Where plugins are looked for, in this order: `given` (--plugin-path), RARE_PLUGIN_PATH (colons),
// then the first that is there of: ../lib/rare/plugins from the executable's folder (a build tree);
// the libdir of the prefix that the executable stands in, wherever that was moved; the libdir of
// the prefix that it was configured for. Never two of them: a build tree and an installed engine
// would bring each component twice. Existing folders only, each once.
std::vector<std::string> plugin_search_path(const std::vector<std::string>& given);

// Reads the descriptor out of the file's ELF section, without loading the file.
Result<PluginDescriptor> read_descriptor(const std::string& file);

// Why a plugin with this descriptor cannot be loaded into this engine, or OK.
Status check_descriptor(const PluginDescriptor& descriptor);

// Loads every *.so of the folders into the registry; what does not fit is refused with its reason,
// and never stops the others. A file that is reached twice (symbolic links) is loaded once. A
// plugin takes the place of one of its name in a later folder, also when it is refused itself: what
// was installed before never runs in place of what is being worked on. Nothing of a file runs
// before its descriptor fits; from there on its static initialisers run while it is loaded, and one
// that throws ends the process, because the dynamic linker cannot be unwound. Thread-safety: one
// thread at a time. Libraries stay loaded until the process ends.
//
// With Wanted::verbs, files that bring no verbs (rare/tool.h) are passed over once their descriptor
// fits: nothing of them runs, and none of what they link is loaded.
enum class Wanted { everything, verbs };
void load_plugins(const std::vector<std::string>& folders, Registry& registry,
                  Wanted wanted = Wanted::everything);

}  // namespace rare::engine
