// Asio before 1.28 looks for another header than Clang has, and leaves its coroutines out.
// clang-format off: the expected words stand in comments of one line.
#if CASE == 1
// expect: pass -DASIO_HAS_CO_AWAIT=1
#undef ASIO_HAS_CO_AWAIT
#define ASIO_DISABLE_CO_AWAIT 1
#endif
// By another name, so that run.py does not precompile it: what it finds depends on the case.
#define HEADER <dovetail/driver/completion.hpp>
#include HEADER

int main() {}
