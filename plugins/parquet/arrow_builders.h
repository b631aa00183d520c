// A Parquet file by Arrow: its columns' builders, and the batches and row groups they make.
#pragma once

#include <memory>

#include "typed_file.h"

namespace rare::parquet {

std::unique_ptr<TypedFile> make_arrow_file();

}  // namespace rare::parquet
