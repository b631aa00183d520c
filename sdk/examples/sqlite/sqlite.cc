// sqlite: tables as input and output of pipelines.
#include <rare/sdk.h>

#include "read_table.h"
#include "write_table.h"

RARE_PLUGIN("sqlite", "1.0.0") {
  registrar.add<sqlite::ReadTable>();
  registrar.add<sqlite::WriteTable>();
}
