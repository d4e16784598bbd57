// The one place where the version of dovetail is written.
#pragma once

#define DOVETAIL_VERSION_MAJOR 0
#define DOVETAIL_VERSION_MINOR 1
#define DOVETAIL_VERSION_PATCH 0
#define DOVETAIL_VERSION_STRING "0.1.0"
/// Major * 10000 + minor * 100 + patch, for comparisons in the preprocessor.
#define DOVETAIL_VERSION (DOVETAIL_VERSION_MAJOR * 10000 + DOVETAIL_VERSION_MINOR * 100 + DOVETAIL_VERSION_PATCH)
