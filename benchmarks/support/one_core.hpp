// A client and its server on one core: what waking another core costs (on a virtual machine more than the whole
// exchange), and which of them the scheduler puts together for a while, would decide more than what is measured.
#pragma once

#include <sched.h>

namespace bench {

/// The calling thread stays on the first core from now on, and what it starts too.
inline void stay_on_one_core() {
  cpu_set_t only;
  CPU_ZERO(&only);
  CPU_SET(0, &only);
  static_cast<void>(::sched_setaffinity(0, sizeof only, &only));
}

}  // namespace bench
