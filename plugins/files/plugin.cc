#include "rare/plugin.h"
#include "read_source.h"
#include "write_sink.h"

RARE_PLUGIN("files", "1.0.0") {
  registrar.add<rare::files::ReadSource>();
  registrar.add<rare::files::WriteSink>();
}
