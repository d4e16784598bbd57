// How a virtual function is declared in its class when it's defined behind it, for both kinds of compilation.
#pragma once

/// GCC writes a class's virtual functions, and all that they call, into every object file that sees the class, used or
/// not, unless each of them is inline where the class declares it. Where they are compiled once they must not be.
#if defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DECLARE
#else
#define DOVETAIL_DECLARE inline
#endif
