// The types that a caller has named for parameters, as a connection asks for them.
#pragma once

#include <dovetail/sql/argument.hpp>

#include <cstdint>
#include <span>
#include <string>

namespace dovetail::inline v0::detail {

/// The parameters of one call: `places` and `sizes` belong to `arguments`; `sizes` is empty where no range expands.
struct hinted_call {
  std::span<const argument_slot> arguments;
  std::span<const parameter_place> places;
  std::span<const std::uint32_t> sizes;
};

/// Implemented by `asyncsql::parameter_types`; a function pointer, so that statements without hints pay for nothing.
struct parameter_hints {
  /// Sets the declared types of native parameters, in their order, and puts casts into the native text; true when the
  /// text is another one now.
  bool (*apply)(const parameter_hints& self, const hinted_call& of, std::span<std::uint32_t> types,
                std::string& native);
};

}  // namespace dovetail::inline v0::detail
