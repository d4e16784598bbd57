// A statement that is to be executed, as the dialogues see it: no types of the user's.
#pragma once

#include <dovetail/codec/postgres/parameter_list.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace dovetail::inline v0::postgres {

/// Lifetime: borrows all of its parts until the dialogue is over.
struct statement_request {
  std::string_view text;       ///< with `$1` for parameters
  std::string_view literal{};  ///< `statement_view::key()`: the text when its address stands for it, or empty
  std::span<const std::uint32_t> types{};  ///< OIDs of the parameters; 0, or less of them: the server infers them
  argument_writer arguments{};
  std::int32_t row_limit = 0;  ///< the server stops after so many rows; 0: never
  bool is_read_only = false;   ///< a lost answer leaves no question open
  bool is_kept = true;         ///< prepared once and kept; otherwise prepared for this execution only
};

}  // namespace dovetail::inline v0::postgres
