// The rows of a bulk change as arrays, one for each column: views of the structs, cut into pieces of a bounded size.
#pragma once

#include <dovetail/base/uuid.hpp>
#include <dovetail/client/asyncsql/batch_outcome.hpp>
#include <dovetail/client/asyncsql/statement_guard.hpp>
#include <dovetail/client/sql_batch.hpp>
#include <dovetail/row/member_at.hpp>
#include <dovetail/row/reflect.hpp>
#include <dovetail/sql/array_text.hpp>

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::detail {

/// Fewer rows go one by one: an array would save them nothing.
inline constexpr std::size_t fewest_for_arrays = 16;
inline constexpr std::size_t most_rows_of_array = 10'000;
inline constexpr std::size_t most_bytes_of_arrays = 4'000'000;

/// Member `I` of rows that lie one behind the other.
template <class T, std::size_t I>
class member_column {
 public:
  using value_type = member_type<T, I>;

  class iterator {
   public:
    explicit iterator(const T* at) noexcept : at_(at) {}
    const value_type& operator*() const { return member_at<I>(*at_); }
    iterator& operator++() noexcept {
      ++at_;
      return *this;
    }
    friend bool operator==(const iterator&, const iterator&) = default;

   private:
    const T* at_;
  };

  explicit member_column(std::span<const T> rows) noexcept : rows_(rows) {}
  iterator begin() const noexcept { return iterator{rows_.data()}; }
  iterator end() const noexcept { return iterator{rows_.data() + rows_.size()}; }
  std::size_t size() const noexcept { return rows_.size(); }

 private:
  std::span<const T> rows_;
};

/// Gives the members with these numbers as columns.
template <std::size_t... I>
struct unpack_columns {
  template <class T>
  auto operator()(std::span<const T> rows) const {
    return std::tuple<member_column<T, I>...>{member_column<T, I>{rows}...};
  }
};

/// The pieces of a batch: a range of spans. `owner` keeps the rows where the caller's may go away.
template <class T>
class array_chunks {
 public:
  using value_type = std::span<const T>;

  class iterator {
   public:
    iterator(const array_chunks* of, std::size_t number) noexcept : of_(of), number_(number) {}
    value_type operator*() const {
      const auto& ends = of_->state_->ends;
      const std::size_t first = number_ == 0 ? 0 : ends[number_ - 1];
      return of_->rows_.subspan(first, ends[number_] - first);
    }
    iterator& operator++() noexcept {
      ++number_;
      return *this;
    }
    friend bool operator==(const iterator&, const iterator&) = default;

   private:
    const array_chunks* of_;
    std::size_t number_;
  };

  array_chunks(std::span<const T> rows, std::shared_ptr<const batch_state> state, std::shared_ptr<const void> owner)
      : rows_(rows), state_(std::move(state)), owner_(std::move(owner)) {}
  iterator begin() const noexcept { return {this, 0}; }
  iterator end() const noexcept { return {this, state_->ends.size()}; }

 private:
  std::span<const T> rows_;
  std::shared_ptr<const batch_state> state_;
  std::shared_ptr<const void> owner_;
};

/// About the bytes of a value.
template <class T>
std::size_t weight_of(const T& value) noexcept {
  if constexpr (is_optional<T>) {
    return value.has_value() ? weight_of(*value) : 4;
  } else if constexpr (requires { value.size(); }) {
    return 4 + value.size();
  } else {
    return 4 + sizeof(T);
  }
}

/// Where the pieces end: after the rows and bytes that one has at most, and where progress is reported.
template <std::size_t... I, class T>
std::vector<std::size_t> cut_arrays(unpack_columns<I...>, std::span<const T> rows, std::size_t report_every) {
  std::vector<std::size_t> ends;
  std::size_t first = 0;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    bytes += (weight_of(member_at<I>(rows[i])) + ...);
    const std::size_t end = i + 1;
    const bool is_reported = report_every != 0 && end % report_every == 0;
    if (end - first < most_rows_of_array && bytes < most_bytes_of_arrays && !is_reported && end != rows.size())
      continue;
    ends.push_back(end);
    first = end;
    bytes = 0;
  }
  return ends;
}

/// What is known of the keys of a batch, by the rules of C++ and those of the server.
enum class key_knowledge : std::uint8_t { nothing, are_distinct, are_repeated };

/// Integers and UUIDs are equal to the server when they are to us. (Not those that a column of doubles would round.)
template <class Members, class T>
key_knowledge compare_keys(std::span<const T> rows) {
  using key_type = member_type<T, Members::keys[0]>;
  constexpr bool is_integer = std::integral<key_type> && !std::same_as<key_type, bool>;
  if constexpr (Members::key_count != 1 || !(is_integer || std::same_as<key_type, uuid>)) {
    return key_knowledge::nothing;
  } else {
    std::vector<key_type> keys;
    keys.reserve(rows.size());
    for (const T& each : rows) keys.push_back(member_at<Members::keys[0]>(each));
    std::sort(keys.begin(), keys.end());
    if constexpr (is_integer && sizeof(key_type) == 8) {
      constexpr auto limit = std::int64_t{1} << 53;
      if (std::cmp_less(keys.front(), -limit) || std::cmp_greater(keys.back(), limit)) return key_knowledge::nothing;
    }
    const bool are_repeated = std::adjacent_find(keys.begin(), keys.end()) != keys.end();
    return are_repeated ? key_knowledge::are_repeated : key_knowledge::are_distinct;
  }
}

/// What the statement says of the columns.
template <dialect D, class T, class Members, std::size_t... I>
constexpr auto array_columns(unpack_columns<I...>) {
  return std::array<array_text_column, sizeof...(I)>{array_text_column{
      field_names<T>[I], Members::is_key(I), array_element_of<D, member_type<T, I>> == array_element::typed}...};
}

template <dialect D, class T, std::size_t... I>
constexpr bool are_array_elements(unpack_columns<I...>) {
  return ((array_element_of<D, member_type<T, I>> != array_element::none) && ...);
}

template <class Indices>
struct all_columns;
template <std::size_t... I>
struct all_columns<std::index_sequence<I...>> {
  using type = unpack_columns<I...>;
};
template <class Members, class Indices>
struct key_columns;
template <class Members, std::size_t... I>
struct key_columns<Members, std::index_sequence<I...>> {
  using type = unpack_columns<Members::keys[I]...>;
};

/// A bulk change by arrays: its columns, and its statement once the table is known.
template <dialect D, class T, class Members>
struct array_upsert {
  using members = Members;
  using columns = typename all_columns<std::make_index_sequence<field_count<T>>>::type;
  static constexpr bool wants_distinct = true;
  static constexpr bool is_numbered = false;
  static std::string text(std::string_view quoted, std::string_view conflict, bool) {
    return array_text{quoted, about}.upsert(conflict);
  }
  static constexpr auto about = array_columns<D, T, Members>(columns{});
};
template <dialect D, class T, class Members>
struct array_update {
  using members = Members;
  using columns = typename all_columns<std::make_index_sequence<field_count<T>>>::type;
  static constexpr bool wants_distinct = true;
  static constexpr bool is_numbered = true;
  static std::string text(std::string_view quoted, std::string_view, bool are_distinct) {
    return array_text{quoted, about}.update(are_distinct);
  }
  static constexpr auto about = array_columns<D, T, Members>(columns{});
};
template <dialect D, class T, class Members>
struct array_erase {
  using members = Members;
  using columns = typename key_columns<Members, std::make_index_sequence<Members::key_count>>::type;
  static constexpr bool wants_distinct = false;
  static constexpr bool is_numbered = true;
  static std::string text(std::string_view quoted, std::string_view, bool are_distinct) {
    return array_text{quoted, about}.erase(are_distinct);
  }
  static constexpr auto about = array_columns<D, T, Members>(columns{});
};

/// A guard gets to see the plain statements, one for each row.
template <class Db>
inline constexpr bool is_guarded = false;
template <class Db>
  requires requires { typename Db::guard_type; }
inline constexpr bool is_guarded<Db> = !std::same_as<typename Db::guard_type, asyncsql::no_guard>;

template <class Arrays, class Db, class T>
inline constexpr bool can_use_arrays = !is_guarded<Db> && are_array_elements<Db::speaks, T>(typename Arrays::columns{});
template <class Db, class T>
inline constexpr bool can_use_arrays<void, Db, T> = false;

/// True for failures that the same rows may not have one by one, or that say more then: which row it was.
[[gnu::cold, gnu::noinline]] inline bool is_failure_of_arrays(const error_info& failure) noexcept {
  switch (failure.kind()) {
    case condition::timeout:
    case condition::cancelled:
    case condition::connection:
    case condition::authentication:
    case condition::serialization:
    case condition::busy:
    case condition::protocol:
    case condition::commit_unknown:
      return false;
    default:
      return true;
  }
}

/// What becomes of a batch that arrays were tried for.
[[gnu::cold, gnu::noinline]] inline void leave_arrays(batch_state& state) {
  state.ends.clear();
  state.is_numbered = false;
}
inline batch_result array_result(batch_state& state, std::int64_t affected) {
  batch_result all;
  all.rows_affected = affected;
  if (state.knows_each) all.affected = std::move(state.affected);
  return all;
}

}  // namespace dovetail::inline v0::detail
