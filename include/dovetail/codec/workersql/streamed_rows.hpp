// Where the rows of an answer go that is read while it comes: one after the other into the same struct.
#pragma once

#include <dovetail/codec/workersql/row_target.hpp>
#include <dovetail/row/plan.hpp>

#include <string>
#include <string_view>
#include <type_traits>

namespace dovetail::inline v0::workersql::detail {

/// Rows whose texts lie apart, and go when they are read; the first one's stays here, for it has the keys of all.
/// Lifetime: stays where it is.
template <class Row>
class streamed_rows final : public row_target {
 public:
  using value_type = row_value_t<Row>;

  streamed_rows() noexcept
      : row_target(row_plan<Row>::description, name_style_of<row_value_t<Row>>, names_maker_of<Row>()) {}
  streamed_rows(const streamed_rows&) = delete;
  streamed_rows& operator=(const streamed_rows&) = delete;

  /// Reads the row that is all of `in`. False: `in.failure` says why or, when it is not set, `take_failure()`.
  bool read_next(json_source& in, value_type& out) {
    const bool is_first = rows_read() == 0;
    if (is_first) {
      first_.assign(in.begin, in.end);
      in.begin = first_.data();
      in.end = in.begin + first_.size();
    }
    read_from(in);
    out = value_type{};  // of the row before nothing stays, in whatever is optional
    if constexpr (!dovetail::detail::is_dynamic_row<Row>) {
      const row_key* const keys = is_first ? nullptr : this->template straight_keys<Row>();
      if (keys != nullptr) [[likely]] {
        if (this->template read_at_once<Row>(in, in.begin, keys, out) == in.end) [[likely]]
          return true;
        out = value_type{};
      }
    }
    const char* const behind = this->scan(in, in.begin);
    if (behind == nullptr) return false;
    return this->template read<Row>(out);
  }

 private:
  std::string first_;
};

}  // namespace dovetail::inline v0::workersql::detail
