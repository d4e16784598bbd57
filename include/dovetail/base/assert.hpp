// The library's own assertion: guards invariants of ours, never input; empty unless the user defines it.
#pragma once

#if !defined(DOVETAIL_ASSERT)
#define DOVETAIL_ASSERT(...) static_cast<void>(0)
#endif
