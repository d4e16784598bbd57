// The statements of a vector as a series of the wire: while they have one text and go well, no more is kept of them
// than what they give.
#pragma once

#include <dovetail/client/postgres/pipeline_part.hpp>
#include <dovetail/client/postgres/pipeline_run_values.hpp>
#include <dovetail/codec/postgres/pipeline_series.hpp>
#include <dovetail/codec/postgres/statement_dialogue.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace dovetail::inline v0::postgres::detail {

/// Arguments whose bytes are as many in each call, and written without a look at the server's type when it is theirs.
template <class Arguments>
struct fixed_arguments : std::false_type {};
template <class... Args>
  requires(sizeof...(Args) != 0 && (is_written_exactly<Args> && ...))
struct fixed_arguments<std::tuple<Args...>> : std::true_type {
  /// True when the server's types are these.
  static bool are(const std::vector<oid>& wanted) noexcept {
    if (wanted.size() != sizeof...(Args)) return false;
    const oid* at = wanted.data();
    return ([&at] {
      const oid type = *at++;
      return type == 0 || type == parameter_oid<Args>();
    }() && ...);
  }
  /// Over those of another call, the first of which begins at `to`.
  [[gnu::always_inline]] static void store(std::byte* to, const std::tuple<Args...>& values) noexcept {
    std::apply([&to](const Args&... each) { ((store_exactly(to, each), to += 4 + sizeof(Args)), ...); }, values);
  }
};

/// Lifetime: borrows the statements; stays where it is once it is prepared.
template <class Op>
class pipeline_parts<std::vector<Op>> final : public pipeline_series {
 public:
  explicit pipeline_parts(const std::vector<Op>& of) noexcept : of_(&of) {}

  /// False when there are items from the beginning.
  bool is_series() const noexcept { return is_series_; }
  std::span<pipeline_item> items() noexcept { return items_; }

  void prepare(session& on, bool shows_text) {
    on_ = &on;
    shows_text_ = shows_text;
    if (have_one_text()) {
      prepared_request<request_type>& first = first_.emplace(of_->front().request);
      is_series_ = !pipeline_part<Op>::prepare_statement(first, on, shows_text);
    }
    if (is_series_) {
      this->asked_ = first_->request();
      values_.reserve(of_->size());
    } else {
      come_apart(0);
    }
  }
  /// False when one of them has failed.
  bool finish(bool shows_text) {
    bool is_well = true;
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      parts_[i].finish(items_[i], shows_text);
      is_well = is_well && !items_[i].failure;
    }
    return is_well;
  }
  template <class Values, bool IsEach>
  Values values() {
    if constexpr (std::is_same_v<Values, std::vector<stored_type>>) {
      if (is_series_) return std::move(values_);
    }
    Values all;
    all.reserve(of_->size());
    if (is_series_) {
      for (stored_type& each : values_) all.push_back(unboxed(each));
    } else {
      for (std::size_t i = 0; i < parts_.size(); ++i) all.push_back(parts_[i].template take<IsEach>(items_[i]));
    }
    return all;
  }

  std::size_t size() const noexcept override { return of_->size(); }
  error_info describe(statement_description& of) override { return target_.describe(of); }

  std::size_t write(byte_buffer& to, const prepared_statement& as, std::size_t from, std::size_t enough, bool syncs,
                    error_info& failure) override {
    while (from != of_->size() && to.size() < enough) {
      const std::size_t at = to.size();
      failure = write_bind_to(to, as, {&(*of_)[from].request, &write_arguments<request_type>});
      if (failure) [[unlikely]]
        break;
      write_execute(to, 0);
      if (syncs) to.append(sync_);
      ++from;
      if constexpr (fixed::value) {
        if (fixed::are(as.description.parameters()) && are_in_order((*of_)[0].request.sql.places())) {
          return write_same(to, at, as.bind_head.size(), from, enough);
        }
      }
    }
    return from;
  }

  std::size_t take(byte_view unread, series_place& place, bool syncs, bool leaves_last, error_info& failure) override {
    const std::byte* at = unread.data();
    const std::byte* const end = at + unread.size();
    const std::size_t last = leaves_last ? place.end - 1 : place.end;
    while (place.at != place.end) {
      if (!place.is_bound) {
        if (!starts_with(at, static_cast<std::size_t>(end - at), bind_complete_)) break;
        at += bind_complete_.size();
        place.is_bound = true;
        values_.emplace_back();
        target_.begin();
      }
      stored_type& value = values_.back();
      if (at != end && static_cast<char>(*at) == from_server::data_row) {
        bool failed = false;
        at += take_rows({at, end}, failed, [&](byte_view body) { return target_.row(value, body); });
        if (failed) [[unlikely]] {
          failure = target_.take_failure();
          break;
        }
      }
      if (place.at == last) break;
      const std::size_t taken = take_end({at, end}, value, syncs);
      if (taken == 0) break;
      at += taken;
      place.is_bound = false;
      ++place.at;
    }
    return static_cast<std::size_t>(at - unread.data());
  }
  error_info finish(const command_tag& with) override { return target_.finish(values_.back(), with); }

  std::span<pipeline_item> come_apart(std::size_t answered) override {
    is_series_ = false;
    parts_.reserve(of_->size());
    for (const Op& each : *of_) parts_.emplace_back(each);
    items_.resize(of_->size());
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      parts_[i].prepare(*on_, items_[i], shows_text_, i == 0 ? nullptr : &items_[i - 1]);
    }
    for (std::size_t i = 0; i < answered; ++i) {
      items_[i].has_rows = values_type::has_rows;
      parts_[i].set_answer(unboxed(values_[i]));
    }
    return items_;
  }

 private:
  using request_type = decltype(Op::request);
  using values_type = run_values<Op>;
  using stored_type = typename values_type::stored_type;
  using fixed = fixed_arguments<typename request_type::arguments_type>;

  // Whole messages, as they come nearly always.
  static constexpr std::string_view bind_complete_{"2\0\0\0\4", 5};
  static constexpr std::string_view one_selected_{"C\0\0\0\15SELECT 1", 14};  // with the zero behind it
  static constexpr std::string_view ready_{"Z\0\0\0\5I", 6};
  static constexpr std::string_view sync_{"S\0\0\0\4", 5};

  bool have_one_text() const noexcept {
    std::string_view text;
    for (const Op& each : *of_) {
      const std::string_view key = each.request.sql.key();
      if (key.empty() || (!text.empty() && (key.data() != text.data() || key.size() != text.size()))) return false;
      text = key;
    }
    return !text.empty();
  }

  /// As the statement whose messages begin at `first`, with the arguments of others.
  std::size_t write_same(byte_buffer& to, std::size_t first, std::size_t values_at, std::size_t from,
                         std::size_t enough) {
    const std::size_t size = to.size() - first;
    for (; from != of_->size() && to.size() < enough; ++from) {
      std::byte* const at = to.grow(size);
      std::memcpy(at, to.data() + first, size);
      fixed::store(at + values_at, (*of_)[from].request.arguments);
    }
    return from;
  }

  /// CommandComplete, and with `syncs` ReadyForQuery; 0 when they are not there, or something is wrong with them.
  [[gnu::always_inline]] std::size_t take_end(byte_view unread, stored_type& value, bool syncs) {
    if (!target_.may_end()) [[unlikely]]
      return 0;
    std::size_t size = one_selected_.size();
    if (values_type::has_rows && starts_with(unread.data(), unread.size(), one_selected_)) {
      if (syncs && !starts_with(unread.data() + size, unread.size() - size, ready_)) return 0;
      static_cast<void>(target_.finish(value, one_));
    } else {
      message came;
      command_tag tag;
      if (next_message(unread, came) != frame_status::whole || came.type != from_server::command_complete ||
          !read_tag(came.body, tag)) {
        return 0;
      }
      size = came.size;
      if (syncs && !starts_with(unread.data() + size, unread.size() - size, ready_)) return 0;
      static_cast<void>(target_.finish(value, tag));
    }
    return syncs ? size + ready_.size() : size;
  }
  static constexpr command_tag one_{"SELECT 1"};

  static typename Op::value_type unboxed(stored_type& of) {
    if constexpr (std::is_same_v<stored_type, boxed_bool>) {
      return of.value;
    } else {
      return std::move(of);
    }
  }

  const std::vector<Op>* of_;
  session* on_ = nullptr;
  std::optional<prepared_request<request_type>> first_;
  values_type target_;
  std::vector<stored_type> values_;
  std::vector<pipeline_part<Op>> parts_;
  std::vector<pipeline_item> items_;
  bool shows_text_ = false;
  bool is_series_ = false;
};

}  // namespace dovetail::inline v0::postgres::detail
