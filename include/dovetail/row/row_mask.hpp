// What is done with each row of a stream before it is read.
#pragma once

#include <dovetail/version.hpp>

#include <string>
#include <vector>

namespace dovetail::inline v0::detail {

/// Nothing by default.
template <class Row>
struct row_mask {
  std::vector<std::string> columns{};
  void (*by)(Row&, const std::vector<std::string>&) = nullptr;

  void operator()(Row& row) const {
    if (by != nullptr) by(row, columns);
  }
};

}  // namespace dovetail::inline v0::detail
