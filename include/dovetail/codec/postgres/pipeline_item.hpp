// What a pipeline is asked for: its statements, and how they stand to each other.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/postgres/execute.hpp>
#include <dovetail/codec/postgres/row_sink.hpp>
#include <dovetail/codec/postgres/statement_request.hpp>

#include <cstdint>

namespace dovetail::inline v0::postgres {

/// One statement of a pipeline, and what came of it.
struct pipeline_item {
  statement_request asked;
  row_sink rows{};
  execution done{};
  error_info failure{};
  bool has_rows = false;  ///< the sink was given rows
  bool is_stale = false;  ///< Bind has failed: the server does not know the statement (so) any more; nothing ran
  /// Text and types are those of the item before, and what `rows.describe` did there holds here: it need not be called.
  bool is_as_before = false;
};

enum class pipeline_sync : std::uint8_t {
  each,   ///< each statement stands for itself: one that fails leaves the others alone
  once,   ///< all or nothing: one that fails undoes those before, and those behind are not executed
  apart,  ///< as `each`, of callers who know nothing of each other: what is stale is theirs to ask again
};

}  // namespace dovetail::inline v0::postgres
