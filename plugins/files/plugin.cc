#include "rare/plugin.h"
#include "file_tools.h"
#include "format.h"
#include "rare/tool.h"
#include "read_source.h"
#include "write_sink.h"

RARE_PLUGIN("files", "1.0.0") {
  registrar.add<rare::files::ReadSource>();
  registrar.add<rare::files::WriteSink>();
}

RARE_PLUGIN_TOOLS {
  tools.add<rare::files::ConvertTool>();
  tools.add<rare::files::CountTool>();
  tools.add<rare::files::HeadTool>();
}

RARE_PLUGIN_NOTE {
  static const std::string note = rare::files::what_formats_lack();
  return note.c_str();
}
