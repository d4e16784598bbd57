// Where the rows of an answer go: into structs, while its text is read.
#pragma once

#include <dovetail/codec/workersql/envelope.hpp>
#include <dovetail/codec/workersql/expected_keys.hpp>
#include <dovetail/codec/workersql/row_cursor.hpp>
#include <dovetail/codec/workersql/row_source.hpp>
#include <dovetail/format/json/skip.hpp>
#include <dovetail/row/bind.hpp>
#include <dovetail/row/read.hpp>
#include <dovetail/row/rows.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::workersql::detail {

using names_maker = std::shared_ptr<const void> (*)(const std::vector<row_key>& keys);

template <class Row>
std::shared_ptr<const void> make_names(const std::vector<row_key>& keys) {
  using names_type = std::remove_const_t<typename Row::columns_type::element_type>;
  auto names = std::make_shared<names_type>(keys.size());
  for (std::size_t i = 0; i < keys.size(); ++i) (*names)[i].name.assign(keys[i].name);
  return names;
}
template <class Row>
constexpr names_maker names_maker_of() noexcept {
  if constexpr (dovetail::detail::is_dynamic_row<Row>) {
    return &make_names<Row>;
  } else {
    return nullptr;
  }
}

/// The part of a row target that knows no row type: finds the values of each row, and binds the first row's keys.
/// Lifetime: stays where it is while an answer is read; the text outlives that.
class row_target {
 public:
  row_target(const row_description& row, name_style style, names_maker names_of) noexcept
      : row_(&row), style_(style), names_of_(names_of) {}

  std::size_t rows_read() const noexcept { return number_; }
  error_info take_failure() { return std::move(failure_); }

 protected:
  row_target(row_target&&) = default;
  ~row_target() = default;

  /// Finds the values of the object at `at`; gives the place behind it, or null.
  const char* scan(json_source& in, const char* at) {
    using namespace dovetail::detail;  // NOLINT: the JSON reader's
    if (at == in.end || *at != '{') return in.fail_expected(at, "a row, which is an object");
    if (first_ != nullptr && !recall_first(in)) return nullptr;
    if (++in.depth > json_maximum_depth) return in.fail_depth(at);
    ++number_;
    if (number_ == 1) return scan_first(in, at);
    at = skip_json_space(at + 1, in.end);
    const std::size_t count = keys_.size();
    std::size_t column = 0;
    bool is_closed = at != in.end && *at == '}';
    if (is_closed) ++at;
    while (!is_closed) {
      if (column == count) return scan_other_order(in, at, column);
      const std::string_view expected = keys_[column].written;
      if (static_cast<std::size_t>(in.end - at) <= expected.size() ||
          std::memcmp(at, expected.data(), expected.size()) != 0) {
        return scan_other_order(in, at, column);
      }
      at = skip_json_space(at + expected.size(), in.end);
      source_.values[column++] = at;
      at = skip_json_value(in, at);
      if (at == nullptr) return fail_inside(in, keys_[column - 1].name);
      at = read_json_separator(in, at, '}', is_closed);
      if (at == nullptr) return nullptr;
    }
    for (; column < count; ++column) source_.values[column] = nullptr;
    --in.depth;
    return at;
  }

  template <class Row>
  [[gnu::always_inline]] bool read(row_value_t<Row>& out) {
    const read_status status = read_row_mapped<Row>(out, source_, binding_);
    if (status) [[likely]]
      return true;
    return fail_value(status);
  }

  /// The keys that the next row has if it is like the first one, or, while there is none, if its names are those of
  /// the fields; one for each field, in their order. Null when they have another order, or nobody knows.
  template <class Row>
  const row_key* straight_keys() const noexcept {
    if constexpr (has_expected_keys<Row>) {
      if (number_ == 0) return expected_keys<Row>.data();
    }
    return straight_keys_;
  }

  /// Reads a row that has these keys in one go; null when it must be read by `scan()` and `read()`, which find what it
  /// is. `out` is partly overwritten then.
  template <class Row>
  const char* read_at_once(json_source& in, const char* at, const row_key* keys, row_value_t<Row>& out) {
    using namespace dovetail::detail;  // NOLINT
    if (at == in.end || *at != '{' || in.depth >= json_maximum_depth) return nullptr;
    const int depth = in.depth++;
    source_.end = in.end;
    row_cursor from{in, skip_json_space(at + 1, in.end), keys, source_};
    const read_status status = read_row_in_order<Row>(out, from);
    in.depth = depth;
    if (status && from.end() != nullptr) [[likely]] {
      if (number_++ == 0) {
        first_ = at;
        straight_keys_ = keys;
      }
      return from.end();
    }
    in.failure = {};
    return nullptr;
  }

  bool fail(error_info failure) {
    failure_ = std::move(failure);
    return false;
  }

  /// For rows whose texts lie apart: before each of them.
  void read_from(const json_source& in) noexcept { source_.end = in.end; }

 private:
  static constexpr std::size_t few_keys = 64;
  static constexpr std::size_t most_keys = 32767;  // SQLite has no more columns, and other databases fewer

  /// A value is none; the path of the failure gets its name.
  [[gnu::cold, gnu::noinline]] static const char* fail_inside(json_source& in, std::string_view name) {
    in.failure.inside_member(name);
    return nullptr;
  }

  [[gnu::noinline]] const char* scan_first(json_source& in, const char* at) {
    using namespace dovetail::detail;  // NOLINT
    at = skip_json_space(at + 1, in.end);
    bool is_closed = at != in.end && *at == '}';
    if (is_closed) ++at;
    std::string space;
    source_.end = in.end;
    keys_.reserve(row_->leaves.size());
    source_.values.reserve(row_->leaves.size());
    while (!is_closed) {
      const char* const key_at = at;
      std::string_view name;
      at = view_json_key(in, at, space, name);
      if (at == nullptr) return nullptr;
      if (keys_.size() < few_keys && find(name) != keys_.size()) return fail_twice(in, key_at, name);
      if (keys_.size() == most_keys) {
        return in.fail(key_at, dovetail::errc::malformed_value, "a row has more keys than a result has columns");
      }
      if (name.data() == space.data()) name = *unescaped_.emplace_back(std::make_unique<std::string>(name));
      keys_.push_back({name, {key_at, static_cast<std::size_t>(at - key_at)}});
      source_.values.push_back(at);
      at = skip_json_value(in, at);
      if (at == nullptr) return fail_inside(in, name);
      at = read_json_separator(in, at, '}', is_closed);
      if (at == nullptr) return nullptr;
    }
    --in.depth;
    if (keys_.size() > few_keys && !sort_keys(in)) return nullptr;
    return bind() ? at : nullptr;
  }

  [[gnu::cold, gnu::noinline]] static const char* fail_twice(json_source& in, const char* at, std::string_view name) {
    return in.fail(at, dovetail::errc::malformed_value,
                   dovetail::detail::join_message({"the key \"", name, "\" is given twice"}));
  }
  /// Of so many keys each is not compared with each. False when there are two of a name.
  [[gnu::cold, gnu::noinline]] bool sort_keys(json_source& in) {
    by_name_.resize(keys_.size());
    for (std::size_t i = 0; i < by_name_.size(); ++i) by_name_[i] = static_cast<std::uint16_t>(i);
    std::sort(by_name_.begin(), by_name_.end(), [this](std::uint16_t a, std::uint16_t b) {
      const int order = keys_[a].name.compare(keys_[b].name);
      return order < 0 || (order == 0 && a < b);
    });
    for (std::size_t i = 1; i < by_name_.size(); ++i) {
      const row_key& later = keys_[by_name_[i]];
      if (keys_[by_name_[i - 1]].name == later.name) return fail_twice(in, later.written.data(), later.name) != nullptr;
    }
    return true;
  }

  /// The first row had the names of the fields, and nothing of it was noted. Now there is one that is not like it.
  [[gnu::cold, gnu::noinline]] bool recall_first(json_source& in) {
    ++in.depth;
    return scan_first(in, std::exchange(first_, nullptr)) != nullptr;
  }

  /// A row whose keys do not have the order of the first row's; `column` of them did.
  [[gnu::noinline]] const char* scan_other_order(json_source& in, const char* at, std::size_t column) {
    using namespace dovetail::detail;  // NOLINT
    for (std::size_t i = column; i < keys_.size(); ++i) source_.values[i] = nullptr;
    std::string space;
    for (bool is_closed = false; !is_closed;) {
      const char* const key_at = at;
      std::string_view name;
      at = view_json_key(in, at, space, name);
      if (at == nullptr) return nullptr;
      if (const std::size_t found = find(name); found != keys_.size()) {
        if (source_.values[found] != nullptr) return fail_twice(in, key_at, name);
        source_.values[found] = at;
      }
      at = skip_json_value(in, at);
      if (at == nullptr) return fail_inside(in, name);
      at = read_json_separator(in, at, '}', is_closed);
      if (at == nullptr) return nullptr;
    }
    --in.depth;
    return at;
  }

  std::size_t find(std::string_view name) const noexcept {
    if (!by_name_.empty()) {
      const auto at = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                       [this](std::uint16_t a, std::string_view b) { return keys_[a].name < b; });
      return at != by_name_.end() && keys_[*at].name == name ? *at : keys_.size();
    }
    std::size_t found = 0;
    while (found < keys_.size() && keys_[found].name != name) ++found;
    return found;
  }

  std::vector<column_info> columns() const {
    std::vector<column_info> all(keys_.size());
    for (std::size_t i = 0; i < all.size(); ++i) all[i].name = keys_[i].name;
    return all;
  }
  /// The usual case: the keys are the fields' names, one by one. What `bind_row` would find is known then.
  bool has_names_of_fields() const noexcept {
    if (row_->shape != row_shape::by_name || style_ != name_style::exact || !row_->groups.empty()) return false;
    if (row_->leaves.size() != keys_.size()) return false;
    for (std::size_t i = 0; i < keys_.size(); ++i) {
      if (keys_[i].name.empty() || keys_[i].name != row_->leaves[i].name) return false;
    }
    return true;
  }
  [[gnu::noinline]] bool bind() {
    if (has_names_of_fields()) {
      dovetail::detail::plain_list<std::uint16_t> columns;
      columns.grow(keys_.size());
      for (std::size_t i = 0; i < columns.size(); ++i) columns[i] = static_cast<std::uint16_t>(i);
      binding_ = binding{std::move(columns)};
      straight_keys_ = keys_.data();
      return true;
    }
    result<binding> made = bind_row(*row_, columns(), {.style = style_});
    if (!made) return fail(std::move(made).error());
    binding_ = *std::move(made);
    const bool is_straight = binding_.is_in_order() && row_->groups.empty() && row_->leaves.size() == keys_.size();
    if (is_straight) straight_keys_ = keys_.data();
    if (names_of_ != nullptr) source_.shared_columns = names_of_(keys_);
    return true;
  }
  [[gnu::cold, gnu::noinline]] bool fail_value(read_status status) {
    return fail(value_error(*row_, binding_, columns(), status, number_, source_.words()));
  }

  const row_description* row_;
  name_style style_;
  names_maker names_of_;
  std::vector<row_key> keys_;
  std::vector<std::uint16_t> by_name_;  // the places of the keys in the order of their names, when they are many
  std::vector<std::unique_ptr<std::string>> unescaped_;  // the names of keys that are written with escapes
  row_source source_;
  binding binding_;
  const row_key* straight_keys_ = nullptr;
  const char* first_ = nullptr;  // a first row that was read by what was expected
  std::size_t number_ = 0;
  error_info failure_;
};

/// A query succeeded, and its answer has no list of rows.
[[gnu::cold, gnu::noinline]] inline error_info missing_rows(const reply_facts& said) {
  return {make_error_code(gateway_errc::missing_rows),
          said.has_data ? "the statement was executed; the answer tells what it did, and has no rows"
                        : "the statement was executed; the answer has no member 'data' (such is the upstream gateway)"};
}

/// The first `most` rows, or all of them (0); what follows is checked and dropped.
template <class Row>
class all_rows final : public row_target {
 public:
  using value_type = rows<row_value_t<Row>>;

  /// `most_bytes`: about; reading ends with the row that reaches it (0: any number).
  explicit all_rows(std::size_t most = 0, std::size_t most_bytes = 0) noexcept
      : row_target(row_plan<Row>::description, name_style_of<row_value_t<Row>>, names_maker_of<Row>()),
        most_(most),
        most_bytes_(most_bytes) {}

  rows_sink sink() noexcept { return {static_cast<row_target*>(this), &take}; }
  error_info finish(const reply_facts& said) const { return said.has_rows ? error_info{} : missing_rows(said); }
  bool has_more() const noexcept { return has_more_; }
  value_type value() { return std::move(all_); }

 private:
  static const char* take(void* state, json_source& in, const char* at) {
    auto& self = *static_cast<all_rows*>(static_cast<row_target*>(state));
    const char* const first = at;
    return dovetail::detail::read_json_array(in, at, [&](const char* next) -> const char* {
      const bool is_full = (self.most_ != 0 && self.all_.size() == self.most_) ||
                           (self.most_bytes_ != 0 && static_cast<std::size_t>(next - first) > self.most_bytes_);
      if (is_full) {
        self.has_more_ = true;
        ++self.dropped_;
        next = dovetail::detail::skip_json_value(in, next);
        if (next == nullptr) in.failure.inside_element(self.all_.size() + self.dropped_ - 1);
        return next;
      }
      constexpr std::size_t sample = 16;
      if (self.all_.size() == sample) {
        std::size_t more = dovetail::detail::estimate_elements(first, next, in.end, sample, sizeof(row_value_t<Row>));
        if (self.most_ != 0 && more > self.most_ - sample) more = self.most_ - sample;
        self.all_.reserve(sample + more);
      }
      constexpr bool has_address = !std::is_same_v<row_value_t<Row>, bool>;  // in a vector
      if constexpr (has_address && !dovetail::detail::is_dynamic_row<Row>) {
        if (const row_key* const keys = self.template straight_keys<Row>()) [[likely]] {
          const char* const behind = self.template read_at_once<Row>(in, next, keys, self.all_.emplace_back());
          if (behind != nullptr) [[likely]]
            return behind;
          self.all_.pop_back();
        }
      }
      next = self.scan(in, next);
      if (next == nullptr) {
        in.failure.inside_element(self.all_.size());
        return nullptr;
      }
      if constexpr (!has_address) {
        bool value = false;
        if (!self.template read<Row>(value)) return nullptr;
        self.all_.push_back(value);
        return next;
      } else {
        if (self.template read<Row>(self.all_.emplace_back())) [[likely]]
          return next;
        self.all_.pop_back();
        return nullptr;
      }
    });
  }

  value_type all_;
  std::size_t most_;
  std::size_t most_bytes_;
  std::size_t dropped_ = 0;
  bool has_more_ = false;
};

/// The only row, or none.
template <class Row, bool MayBeNone>
class one_row final : public row_target {
 public:
  using value_type = std::conditional_t<MayBeNone, std::optional<row_value_t<Row>>, row_value_t<Row>>;

  one_row() noexcept : row_target(row_plan<Row>::description, name_style_of<row_value_t<Row>>, names_maker_of<Row>()) {}

  rows_sink sink() noexcept { return {static_cast<row_target*>(this), &take}; }
  error_info finish(const reply_facts& said) {
    if (!said.has_rows) return missing_rows(said);
    if (!MayBeNone && rows_read() == 0) return dovetail::errc::no_row;
    return {};
  }
  value_type value() {
    if constexpr (MayBeNone) {
      if (rows_read() == 0) return std::nullopt;
    }
    return std::move(row_);
  }

 private:
  static const char* take(void* state, json_source& in, const char* at) {
    auto& self = *static_cast<one_row*>(static_cast<row_target*>(state));
    return dovetail::detail::read_json_array(in, at, [&](const char* next) -> const char* {
      if (self.rows_read() != 0) return self.fail(dovetail::errc::too_many_rows), nullptr;
      if constexpr (has_expected_keys<Row>) {
        const char* const behind = self.template read_at_once<Row>(in, next, expected_keys<Row>.data(), self.row_);
        if (behind != nullptr) [[likely]]
          return behind;
      }
      next = self.scan(in, next);
      if (next == nullptr) in.failure.inside_element(0);
      return next != nullptr && self.template read<Row>(self.row_) ? next : nullptr;
    });
  }

  row_value_t<Row> row_{};
};

}  // namespace dovetail::inline v0::workersql::detail
