// Statements of a pipeline that have one text: written and answered one behind the other, with nothing kept for each.
#pragma once

#include <dovetail/base/byte_buffer.hpp>
#include <dovetail/base/bytes.hpp>
#include <dovetail/base/error_info.hpp>
#include <dovetail/codec/postgres/command_tag.hpp>
#include <dovetail/codec/postgres/pipeline_item.hpp>
#include <dovetail/codec/postgres/statement_cache.hpp>
#include <dovetail/codec/postgres/statement_request.hpp>

#include <cstddef>
#include <span>

namespace dovetail::inline v0::postgres {

/// Where the answers to a series have come.
struct series_place {
  std::size_t at = 0;     ///< the statement whose answer comes next
  std::size_t end = 0;    ///< the first that has not been sent
  bool is_bound = false;  ///< its BindComplete has come
};

/// Statements of one text, while all goes well with them. Whoever knows their types writes them, and reads their
/// answers as long as these are what is expected; at anything else the series comes apart into items, and is none any
/// more. Lifetime: stays where it is while the dialogue runs; the items too.
class pipeline_series {
 public:
  /// What they share; the arguments are those of the first.
  const statement_request& asked() const noexcept { return asked_; }
  virtual std::size_t size() const noexcept = 0;
  /// As `row_sink::describe`.
  virtual error_info describe(statement_description& of) = 0;
  /// Writes Bind and Execute of the statements from `from` on, each with a Sync behind it when `syncs`, until `to` has
  /// `enough` bytes. Gives the number of the first that is not written; sets `failure` when its arguments cannot be.
  virtual std::size_t write(byte_buffer& to, const prepared_statement& as, std::size_t from, std::size_t enough,
                            bool syncs, error_info& failure) = 0;
  /// Takes what is expected off the front of the answers, and gives its size: up to `place.end`, or in front of the
  /// CommandComplete of the last statement when `leaves_last`. Sets `failure` when a row could not be read; the row is
  /// taken then.
  virtual std::size_t take(byte_view unread, series_place& place, bool syncs, bool leaves_last,
                           error_info& failure) = 0;
  /// The statement whose answer comes is over. Errors: errc::no_row, where one is wanted.
  virtual error_info finish(const command_tag& with) = 0;
  /// Makes an item of each statement: those before `answered` keep what they were given.
  virtual std::span<pipeline_item> come_apart(std::size_t answered) = 0;

 protected:
  pipeline_series() = default;
  pipeline_series(pipeline_series&&) = default;
  ~pipeline_series() = default;

  statement_request asked_;
};

}  // namespace dovetail::inline v0::postgres
