// Asio before 1.28 looks for another header than Clang has, and leaves its coroutines out.
// clang-format off: the expected words stand in comments of one line.
#if CASE == 1
// expect: pass -DASIO_HAS_CO_AWAIT=1
#undef ASIO_HAS_CO_AWAIT
#define ASIO_DISABLE_CO_AWAIT 1
#endif
#include <dovetail/driver/completion.hpp>  // with a space run.py does not precompile it

int main() {}
