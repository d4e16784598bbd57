// The one place that includes SQLite's own header, and what its version must be.
#pragma once

#include <sqlite3.h>

// 3.35 brought `returning`, 3.38 the offset of an error, 3.36 the memdb file system that in-memory pools share.
#if SQLITE_VERSION_NUMBER < 3038000
#error "dovetail needs SQLite 3.38 or newer"
#endif
