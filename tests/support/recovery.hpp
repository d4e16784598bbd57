// Whether the connection of an operation that was broken off must still be there.
#pragma once

#include <dovetail/base/deadline.hpp>
#include <dovetail/client/postgres/connection.hpp>

namespace dovetail::test {

/// Made before an operation begins that is broken off, with the time that the operation is given. The client brings its
/// connection back within `recovery_limit`, or closes it; what took longer altogether, because the machine had no time
/// for the server or for us, may have ended with another connection.
class recovery_watch {
 public:
  explicit recovery_watch(clock::duration budget = {}) noexcept : budget_(budget) {}

  bool must_live() const noexcept { return clock::now() - begun_ < budget_ + postgres::recovery_limit; }

 private:
  clock::time_point begun_ = clock::now();
  clock::duration budget_;
};

}  // namespace dovetail::test
