#include "rare/plugin.h"
#include "inspect_tool.h"
#include "rare/tool.h"
#include "report_tool.h"

RARE_PLUGIN("look", "1.0.0") { (void)registrar; }

RARE_PLUGIN_TOOLS {
  tools.add<rare::look::InspectTool>();
  tools.add<rare::look::ReportTool>();
}
