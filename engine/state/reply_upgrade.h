// Brings replies.db of an earlier format to the present one.
// Thread-safety: one thread at a time, that of the database.
#pragma once

#include "engine/state/sqlite.h"
#include "rare/status.h"

namespace rare::engine {

// For sqlite::Options::upgrade. Every row of format 1 is written anew, packed and sealed, in the
// order in which they stood; the room of the old rows is used by later ones. Until the transaction
// ends, the old rows and the new ones (about a third as large) are on disk together.
Status upgrade_replies(sqlite::Database& database, int earlier_version);

}  // namespace rare::engine
