// Files that an earlier start of a run read, and that stand at another path now: the folder of the
// run was copied or moved, or a file was given another name.
//
// Paths alone would take such a file for a new one, and read twice what it holds; or would miss it
// for good. What it holds tells which file it is: all the bytes that were read.
// Thread-safety: functions of one thread. Errors are run faults that name both files and what to
// do.
#pragma once

#include <string>
#include <vector>

#include "input_files.h"
#include "input_parts.h"
#include "rare/status.h"

namespace rare::files {

// Of `parts`, which an earlier start knew, those whose file is not among `found` get the new file
// that begins with all that was read of it, each new file for one. A file that is still among
// `found` is what it was, and one with the same content beside it is another file.
//
// Refused where `found` has new files, and one that was read is neither among them nor at its old
// path in `found`: what the new ones hold may have been read. Without `takes_more`, none is read as
// new, so what still stands at its old path stays. `format`: as in PartReading.
Result<std::vector<MovedFile>> find_moved_parts(std::vector<InputPart>& parts,
                                                const std::vector<InputFile>& found,
                                                bool takes_more, const std::string& format);

}  // namespace rare::files
