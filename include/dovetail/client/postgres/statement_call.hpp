// The dialogues of the verbs: from a checked statement and its arguments to what the verb gives.
#pragma once

#include <dovetail/base/later.hpp>
#include <dovetail/client/postgres/arguments.hpp>
#include <dovetail/client/postgres/row_target.hpp>
#include <dovetail/client/sql_operations.hpp>
#include <dovetail/codec/postgres/execute.hpp>
#include <dovetail/codec/postgres/session.hpp>
#include <dovetail/sansio/action.hpp>
#include <dovetail/sql/insert_text.hpp>
#include <dovetail/sql/text_position.hpp>

#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace dovetail::inline v0 {
namespace postgres::detail {

/// Adds the statement and the caller's place to a failure. The text only when the user asked for it; without its
/// literals also when rows do not fit, because then the text is what has to be changed.
/// `sent` is what was made of the text: what the server says of a place in it is said of the user's text.
error_info explain(error_info failure, const statement_view& sql, bool shows_text, std::string_view sent = {});

/// Statements that begin or end a transaction would leave a pooled connection in a state that nobody expects.
[[gnu::cold, gnu::noinline]] inline error_info refuse_transaction_statement() {
  return {errc::invalid_state,
          "begin, commit, rollback and savepoint are no statements of a client: use transaction() or begin()"};
}

/// A request as the dialogues want it. Stays where it is while the dialogue runs.
template <class Request>
class prepared_request {
 public:
  explicit prepared_request(const Request& of) noexcept : of_(&of) {}

  /// Checks the statement, and finds its native text and its parameters' types.
  error_info prepare(session& on, bool shows_text) {
    const auto& sql = of_->sql;
    const statement_view& view = sql.view();
    if (view.traits.is_native && sql.is_valid() && of_->hints == nullptr && has_known_types(of_->arguments))
        [[likely]] {
      text_ = view.text;
      return {};
    }
    return prepare_generally(on, shows_text);
  }

  statement_request request() const noexcept {
    const statement_view& view = of_->sql.view();
    return {.text = text_,
            .literal = has_casts_ ? std::string_view{} : view.key(),
            .types = types_.get(),
            .arguments = {of_, &write_arguments<Request>},
            .is_read_only = view.traits.read_only == tri_state::yes};
  }
  decltype(auto) view() const noexcept { return of_->sql.view(); }
  error_info explain(error_info failure, bool shows_text) const {
    return detail::explain(std::move(failure), view(), shows_text, text_);
  }

 private:
  /// The usual arguments, one behind the other: their types are known at compile time.
  template <class... Args>
  bool has_known_types(const std::tuple<Args...>&) noexcept {
    if constexpr (!(requires { std::remove_cvref_t<Args>::is_dynamic; } || ...)) {
      if (of_->sql.view().traits.expands || !are_in_order(of_->sql.places())) return false;
      types_.refer(whole_types<std::remove_cvref_t<Args>...>);
      return true;
    } else {
      return false;
    }
  }

  [[gnu::noinline]] error_info prepare_generally(session& on, bool shows_text) {
    const auto& sql = of_->sql;
    if (!sql.is_valid()) return sql.failure(shows_text);
    const statement_view& view = sql.view();
    std::apply([&](const auto&... each) { collect(view, sql.places(), each...); }, of_->arguments);
    text_ = view.text;
    if (of_->hints != nullptr) [[unlikely]]
      return prepare_hinted(shows_text);
    if (view.traits.is_native) return {};
    if (const std::string_view key = view.key(); !key.empty()) {
      if (const std::string_view known = on.statements.native_text(key, types_.get()); !known.empty()) {
        text_ = known;
        return {};
      }
    }
    return make_native(shows_text);
  }

  error_info make_native(bool shows_text) {
    const auto& sql = of_->sql;
    auto native = std::apply([&](const auto&... each) { return sql.native(each...); }, of_->arguments);
    if (!native) return detail::explain(std::move(native).error(), sql.view(), shows_text);
    made_ = std::move(native->text);
    text_ = made_;
    return {};
  }

  [[gnu::cold, gnu::noinline]] error_info prepare_hinted(bool shows_text) {
    const statement_view& view = of_->sql.view();
    if (view.traits.is_native) {
      made_ = view.text;
    } else if (error_info failure = make_native(shows_text)) {
      return failure;
    }
    std::apply([&](const auto&... each) { hint(view, each...); }, of_->arguments);
    text_ = made_;
    return {};
  }

  template <class Given>
    requires requires { Given::is_dynamic; }
  void hint(const statement_view&, const Given&) noexcept {}  // their types are what they hold
  template <class... Args>
  void hint(const statement_view& view, const Args&... args) {
    using pack = dovetail::detail::argument_pack<std::remove_cvref_t<Args>...>;
    if constexpr (pack::slot_count != 0) {
      const auto sizes = slot_sizes(args...);
      dovetail::detail::hinted_call call{pack::argument_slots, of_->sql.places(), {}};
      if (view.traits.expands) call.sizes = sizes;
      has_casts_ = of_->hints->apply(*of_->hints, call, types_.get(), made_);
    }
  }

  /// Arguments whose number is known when the program runs (`dynamic_arguments`).
  template <class Places, class Given>
    requires requires { Given::is_dynamic; }
  void collect(const statement_view&, const Places& places, const Given& given) {
    std::vector<slot_type> types;
    types.reserve(given.values.size());
    given.visit([&types]<class T>(const T&) {
      types.push_back({parameter_oid<T>(), 0});
      return true;
    });
    types_.set(types, places, {});
  }
  template <class Places, class... Args>
  void collect(const statement_view& view, const Places& places, const Args&... args) {
    constexpr const auto& slot_list = slot_types<std::remove_cvref_t<Args>...>;
    if (view.traits.expands) {
      const auto sizes = slot_sizes(args...);
      types_.set(slot_list, places, sizes);
    } else {
      types_.set(slot_list, places, {});
    }
  }

  const Request* of_;
  declared_types types_;
  std::string_view text_;
  std::string made_;
  bool has_casts_ = false;
};

/// Executes a request and hands its rows to a target.
/// Lifetime: borrows the session and the request. Does not move once it has begun.
template <class Request, class Target>
class statement_call {
 public:
  using value_type = typename Target::value_type;

  statement_call(session& on, const Request& asked, bool shows_text) noexcept
      : on_(&on), asked_(asked), shows_text_(shows_text) {}

  action resume(const event& ev) {
    action next = running_ ? running_->resume(ev) : begin(ev);
    if (next.what() == verb::done) finish(next);
    return next;
  }
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }
  decltype(auto) value() && { return target_.value(); }

 private:
  action begin(const event& ev) {
    if (failure_ = asked_.prepare(*on_, shows_text_); failure_) [[unlikely]]
      return action::done(failure_.code());
    running_.emplace(*on_, asked_.request(), target_.sink());
    return running_->resume(ev);
  }
  void finish(action& last) {
    if (!running_) return;  // it did not even begin
    if (!last.failed()) {
      failure_ = target_.finish(std::move(*running_).value());
      if (!failure_) [[likely]]
        return;
    }
    fail(last);
  }
  [[gnu::cold, gnu::noinline]] void fail(action& last) {
    if (last.failed()) failure_ = running_->failure(last.error());
    failure_ = asked_.explain(std::move(failure_), shows_text_);
    last = action::done(failure_.code());
  }

  session* on_;
  prepared_request<Request> asked_;
  Target target_;
  v0::detail::later<execute_dialogue> running_;
  error_info failure_;
  bool shows_text_;
};

/// What a statement without rows did.
class summary_target {
 public:
  using value_type = summary;
  row_sink sink() const noexcept { return {}; }
  error_info finish(const execution& done) {
    done_.rows_affected = done.tag.rows_affected();
    return {};
  }
  summary value() const noexcept { return done_; }

 private:
  summary done_;
};

/// Inserts one struct. `returning` may be empty.
template <class Struct, class Target>
class insert_call {
 public:
  using value_type = typename Target::value_type;

  insert_call(session& on, std::string_view table, std::string_view tail, std::string_view returning,
              const Struct& row) noexcept
      : on_(&on), table_(table), tail_(tail), returning_(returning), row_(&row) {}

  action resume(const event& ev) {
    if (!running_) {
      result<std::string> text = insert_text(dialect::postgres, table_, tail_, returning_);
      if (!text) {
        failure_ = std::move(text).error();
        return action::done(failure_.code());
      }
      text_ = *std::move(text);
      types_.set(column_slot_types<Struct>);
      running_.emplace(*on_, statement_request{.text = text_, .types = types_.get(), .arguments = {row_, &write}},
                       target_.sink());
    }
    const action next = running_->resume(ev);
    if (next.what() != verb::done) return next;
    failure_ = next.error() ? running_->failure(next.error()) : target_.finish(std::move(*running_).value());
    return action::done(failure_.code());
  }
  error_info failure(std::error_code ec) const { return failure_ ? failure_ : error_info{ec}; }
  value_type value() && { return target_.value(); }

 private:
  static error_info write(const void* row, parameter_list& to) {
    return write_fields(*static_cast<const Struct*>(row), to);
  }

  session* on_;
  std::string_view table_;
  std::string_view tail_;
  std::string_view returning_;
  const Struct* row_;
  std::string text_;
  declared_types types_;
  Target target_;
  v0::detail::later<execute_dialogue> running_;
  error_info failure_;
};

}  // namespace postgres::detail
}  // namespace dovetail::inline v0

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0 {
namespace postgres::detail {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info explain(error_info failure, const statement_view& sql,
                                                                bool shows_text, std::string_view sent) {
  failure.with_location(sql.where);
  if (failure.server().position > 0 && !sent.empty()) {
    server_fields said = failure.server();
    said.position = position_in_written(sql.text, sent, said.position);
    failure.with_server(std::move(said));
  }
  if (shows_text) {
    failure.with_statement(std::string{sql.text});
  } else if (failure.code() == errc::row_mismatch) {
    failure.with_statement(sql.mask == nullptr ? std::string{sql.text} : sql.mask(dialect::postgres, sql.text));
  }
  return failure;
}

}  // namespace postgres::detail
}  // namespace dovetail::inline v0
#undef DOVETAIL_DEFINE
#endif
