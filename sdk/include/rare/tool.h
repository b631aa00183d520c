// Tool: a verb of the command line that a plugin brings: what it can do outside a pipeline.
//
//   class Shouting final : public rare::Tool {
//    public:
//     static rare::ToolUsage usage() {
//       return {rare::Spec("shout").summary("upper-cases its argument")
//                   .required_param(&Shouting::text_, "text", "What to shout."),
//               {"text"}, "rare-engine shout hello"};
//     }
//     rare::Result<int> run(rare::ToolContext& context) override;
//   };
//   RARE_PLUGIN_TOOLS { tools.add<Shouting>(); }   // beside RARE_PLUGIN, once per plugin
//
// The spec's name is the verb; a dot parts a verb from its own verb ("index.build" is `rare-engine
// index build`). Its parameters are the options: `float_bits` is `--float-bits`, a single letter
// `-k`; true or false is a flag, a list of texts can be repeated. The engine reads and checks them
// as it does a component's; services, nodes and JSON cannot be given.
//
// Lifecycle: constructor; parameters are set from the options; run() once; destructor.
//
// Thread-safety: of the thread that calls run(), but for ToolContext::log(), which any thread may
// call. Ownership: the engine owns the tool, and the context for as long as run() lasts.
#pragma once

#include <functional>
#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rare/context.h"
#include "rare/json.h"
#include "rare/spec.h"
#include "rare/status.h"

namespace rare {

// A run, as `status` has it named.
struct NamedRun {
  std::string run;                         // a pipeline file, or the folder of a run's state
  std::vector<std::string> overlays = {};  // of the pipeline file, later ones win
  std::vector<std::string> settings = {};  // PATH=VALUE
  std::string state_dir = "";              // where it is kept; empty: where `run` keeps it
};

// What run() gets of the engine.
class ToolContext {
 public:
  virtual ~ToolContext() = default;
  // Standard input, and standard output for results and nothing else. That all of it could be
  // written is checked by the engine.
  virtual std::istream& in() = 0;
  virtual std::ostream& out() = 0;
  // A line to standard error.
  virtual void log(LogLevel level, std::string_view message) = 0;
  // What the engine knows of a run: what `status RUN --json` prints, and beside it "fingerprint"
  // (every setting that changes results, "nodes.NAME.with.PARAMETER": value), "sinks" ({NODE: how
  // much of its output is committed, in the sink's own words}), "manifest" (the file's content, or
  // null) and "dead_letters_file" (empty where there is none). Errors as those of `status`. Nothing
  // is changed but that the file of dead letters is written anew.
  virtual Result<Json> run_account(const NamedRun& named) {
    return Status(StatusCode::not_found, "nothing is known of runs here: " + named.run);
  }
};

class Tool {
 public:
  virtual ~Tool() = default;
  // Called once; the exit code. An error is printed after the verb, and ends with the exit code
  // that a run would end with (status.h); not_found and already_exists count as usage.
  virtual Result<int> run(ToolContext& context) = 0;
};

struct ToolUsage {
  Spec spec;
  // Parameters that are given as plain arguments, in this order; a list of texts can only be last.
  std::vector<std::string> arguments;
  std::string examples;  // a line each
};

// A tool as the engine keeps it. `values` holds every parameter of the spec, checked.
struct ToolOffer {
  ToolUsage usage;
  std::function<std::unique_ptr<Tool>(const Json& values)> make;
};

class ToolRegistrar {
 public:
  virtual ~ToolRegistrar() = default;
  virtual void add_tool(ToolOffer offer) = 0;

  // T has `static ToolUsage usage()`, a default constructor, and Tool as its base.
  template <class T>
  void add() {
    ToolUsage usage = T::usage();
    auto make = [spec = usage.spec](const Json& values) -> std::unique_ptr<Tool> {
      auto tool = std::make_unique<T>();
      for (const ParamSpec& param : spec.params()) {
        param.apply(tool.get(), values.at(param.name), ServiceResolver());
      }
      return tool;
    };
    add_tool({std::move(usage), std::move(make)});
  }
};

inline constexpr char kRegisterToolsSymbol[] = "rare_plugin_register_tools";

// What a plugin cannot do on this machine, and how it could: a line for `rare-engine plugins`,
// which alone asks for it. Empty: there is nothing to say.
//
//   RARE_PLUGIN_NOTE { return "no sound: install a sound card"; }  // at most once per plugin
inline constexpr char kNoteSymbol[] = "rare_plugin_note";

}  // namespace rare

#define RARE_PLUGIN_NOTE \
  extern "C" __attribute__((visibility("default"))) const char* rare_plugin_note()

#define RARE_PLUGIN_TOOLS                                                            \
  extern "C" __attribute__((visibility("default"))) void rare_plugin_register_tools( \
      ::rare::ToolRegistrar& tools)
