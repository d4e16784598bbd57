// The one place where the version of dovetail is written.
#pragma once

#define DOVETAIL_VERSION_MAJOR 0
#define DOVETAIL_VERSION_MINOR 1
#define DOVETAIL_VERSION_PATCH 0
#define DOVETAIL_VERSION_STRING "0.1.0"
/// Major * 10000 + minor * 100 + patch, for comparisons in the preprocessor.
#define DOVETAIL_VERSION (DOVETAIL_VERSION_MAJOR * 10000 + DOVETAIL_VERSION_MINOR * 100 + DOVETAIL_VERSION_PATCH)

// Clang says that it is GCC 4, so it is asked first; Apple counts its versions otherwise.
#if defined(__clang__)
#if !defined(__apple_build_version__) && __clang_major__ < 16
#error "dovetail needs Clang 16 or newer: older ones lack parts of C++20 that it is built on"
#endif
#elif defined(__GNUC__) && __GNUC__ < 12
#error "dovetail needs GCC 12 or newer: older ones lack parts of C++20 that it is built on"
#endif
