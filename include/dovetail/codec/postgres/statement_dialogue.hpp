// Finding or preparing the statement of a dialogue: the part that executing, streaming and pipelining share.
#pragma once

#include <dovetail/base/sole.hpp>
#include <dovetail/codec/postgres/dialogue.hpp>
#include <dovetail/codec/postgres/row_sink.hpp>
#include <dovetail/codec/postgres/sqlstate.hpp>
#include <dovetail/codec/postgres/statement_request.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres::detail {

/// Writes Parse and Describe for a statement that is not prepared, and takes the answers to them.
class preparation {
 public:
  /// False when the text cannot be sent. `is_named`: to be kept on the server.
  bool write(session& on, const statement_request& asked, bool is_named);

  /// Takes one answer; `is_complete()` after the last.
  verdict take(const message& came);
  bool is_complete() const noexcept { return awaited_ == 0; }

  /// The statement, prepared; kept when it has a name.
  statement_use finish(session& on, const statement_request& asked) {
    write_bind_head();
    if (!made_->name.empty()) return on.statements.insert(std::move(made_), asked.literal);
    return statement_use{*made_.release()};
  }

 private:
  void write_bind_head();

  v0::detail::sole<prepared_statement> made_;
  char awaited_ = 0;
};

/// Begins a Bind: writes all that stands in front of the values. Gives where the formats of the parameters are.
std::size_t begin_bind(session& on, const prepared_statement& statement);
/// The same, through a portal that has a name.
void begin_bind(byte_buffer& out, const prepared_statement& statement, std::string_view portal);
error_info too_large_bind();
/// Ends the Bind that begins at `at` of the output. Errors: errc::request_too_large.
error_info end_bind(session& on, const prepared_statement& statement, std::size_t at);

/// Where the formats of the parameters are, when all up to the count of the values has been written.
inline std::size_t formats_before(const byte_buffer& out, std::size_t count) noexcept {
  return out.size() - 2 * (count + 1);
}
/// False when it is too large for a message.
[[gnu::always_inline]] inline bool close_bind(byte_buffer& out, const prepared_statement& statement, std::size_t at) {
  message_writer to{out};
  statement.description.write_formats(to);
  const std::size_t length = out.size() - at - 1;
  store_big(out.data() + at + 1, static_cast<std::uint32_t>(length));
  return length <= largest_request;
}

/// Writes Bind: binary parameters except those that `arguments` write as text; results as the
/// row sink asked for them. Errors: those of the writer, errc::wrong_argument_count, errc::request_too_large. What was
/// written is taken back.
error_info write_bind(session& on, const prepared_statement& statement, const argument_writer& arguments,
                      std::string_view portal = {});
/// The same, for where many are written.
[[gnu::always_inline]] inline error_info write_bind_to(byte_buffer& out, const prepared_statement& statement,
                                                       const argument_writer& arguments, std::string_view portal = {}) {
  const std::size_t before = out.size();
  const auto& types = statement.description.parameters();
  const std::size_t count = types.size();
  if (portal.empty()) [[likely]] {
    out.append(statement.bind_head);
  } else {
    begin_bind(out, statement, portal);
  }
  parameter_list list{out, types.data(), count, formats_before(out, count)};
  error_info failure = arguments.write == nullptr ? error_info{} : arguments.write(arguments.state, list);
  if (!failure && !list.is_in_order()) [[unlikely]]
    failure = list.finish();
  if (!failure && !close_bind(out, statement, before)) [[unlikely]]
    failure = too_large_bind();
  if (failure) [[unlikely]]
    out.truncate(before);
  return failure;
}

[[gnu::always_inline]] inline void write_execute(byte_buffer& out, std::int32_t row_limit) {
  static constexpr char head[] = {from_client::execute, 0, 0, 0, 9, 0};
  std::byte* const at = out.grow(sizeof head + 4);
  std::memcpy(at, head, sizeof head);
  store_big(at + sizeof head, static_cast<std::uint32_t>(row_limit));
}
/// Execute and Sync, in one piece.
inline void write_execute_and_sync(session& on, std::int32_t row_limit) {
  static constexpr char both[] = {from_client::execute, 0, 0, 0, 9, 0, 0, 0, 0, 0, from_client::sync, 0, 0, 0, 4};
  std::byte* const at = on.facts.output.grow(sizeof both);
  std::memcpy(at, both, sizeof both);
  if (row_limit != 0) store_big(at + 6, static_cast<std::uint32_t>(row_limit));
  on.note_sync();
}
inline void write_execute(session& on, std::int32_t row_limit, std::string_view portal) {
  static_cast<void>(on.writer().begin(from_client::execute).text(portal).i32(row_limit).end());
}

/// True when Bind's failure says that the server has no such statement any more, or has it no more as it was described,
/// or that what it names or infers (the type of a parameter above all) is another one since: preparing it again helps.
/// Nothing was executed.
bool is_stale(const std::error_code& code) noexcept;
/// True when Bind's failure may come of that: a value that does not fit the type that was inferred when it was
/// prepared.
bool may_be_stale(const std::error_code& code) noexcept;

[[gnu::cold, gnu::noinline]] inline error_info unsendable_text() {
  return {errc::malformed_statement,
          "the statement's text has a zero byte or is larger than 1 GiB, or its parameters are too many"};
}

}  // namespace dovetail::inline v0::postgres::detail

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres::detail {

/// The class of an SQLSTATE: its first two characters.
inline bool is_of_class(const std::error_code& code, std::string_view first_two) noexcept {
  if (code.category() != category()) return false;
  char text[5] = {};
  format_sqlstate(text, code.value());
  return std::string_view{text, 2} == first_two;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool is_stale(const std::error_code& code) noexcept {
  if (code == sqlstate::invalid_statement_name || code == sqlstate::feature_not_supported) return true;
  // "cache lookup failed for type": the type of a parameter was dropped.
  if (code == sqlstate::internal_error) return true;
  // An operator that is missing for a column's new type, for example. Rights are not looked at before Bind.
  return is_of_class(code, "42") && code != sqlstate::insufficient_privilege;
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE bool may_be_stale(const std::error_code& code) noexcept {
  return is_of_class(code, "22");
}

DOVETAIL_DEFINE bool preparation::write(session& on, const statement_request& asked, bool is_named) {
  made_.reset(new prepared_statement);
  made_->text = asked.text;
  made_->types.assign(asked.types.begin(), asked.types.end());
  if (is_named) made_->name = statement_cache::name_of(asked.text, asked.types);
  awaited_ = from_server::parse_complete;
  if (!may_be_text(asked.text) || asked.types.size() > 0xFFFF) return false;
  message_writer to = on.writer();
  if (is_named) {  // nobody else's statement of this name is in our way; closing one that is not there is no error
    awaited_ = from_server::close_complete;
    static_cast<void>(to.begin(from_client::close).u8('S').text(made_->name).end());
  }
  to.begin(from_client::parse).text(made_->name).text(asked.text).u16(static_cast<std::uint16_t>(asked.types.size()));
  for (const std::uint32_t type : asked.types) to.u32(type);
  if (!to.end()) return false;
  static_cast<void>(to.begin(from_client::describe).u8('S').text(made_->name).end());
  on.note_unsynced();
  return true;
}

DOVETAIL_DEFINE verdict preparation::take(const message& came) {
  if (awaited_ == from_server::row_description && came.type == from_server::no_data) {
    awaited_ = 0;
    return verdict::go_on;
  }
  if (awaited_ == 0 || came.type != awaited_) return verdict::unexpected;
  switch (came.type) {
    case from_server::close_complete:
      awaited_ = from_server::parse_complete;
      break;
    case from_server::parse_complete:
      awaited_ = from_server::parameter_description;
      break;
    case from_server::parameter_description:
      if (!made_->description.read_parameters(came.body)) return verdict::malformed;
      awaited_ = from_server::row_description;
      break;
    default:
      if (!made_->description.read_columns(came.body, true)) return verdict::malformed;
      awaited_ = 0;
      break;
  }
  return verdict::go_on;
}

DOVETAIL_DEFINE void preparation::write_bind_head() {
  byte_buffer head;
  const std::size_t count = made_->description.parameters().size();
  message_writer{head}.begin(from_client::bind).text({}).text(made_->name);
  parameter_list{head, nullptr, count};
  made_->bind_head = as_text(head.view());
}

DOVETAIL_DEFINE std::size_t begin_bind(session& on, const prepared_statement& statement) {
  byte_buffer& out = on.facts.output;
  out.append(statement.bind_head);
  return formats_before(out, statement.description.parameters().size());
}

DOVETAIL_DEFINE void begin_bind(byte_buffer& out, const prepared_statement& statement, std::string_view portal) {
  message_writer{out}.begin(from_client::bind).text(portal).text(statement.name);
  parameter_list{out, nullptr, statement.description.parameters().size()};
}

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE error_info too_large_bind() {
  return {errc::request_too_large, "the arguments are larger than 1 GiB"};
}

DOVETAIL_DEFINE error_info end_bind(session& on, const prepared_statement& statement, std::size_t at) {
  return close_bind(on.facts.output, statement, at) ? error_info{} : too_large_bind();
}

DOVETAIL_DEFINE error_info write_bind(session& on, const prepared_statement& statement,
                                      const argument_writer& arguments, std::string_view portal) {
  return write_bind_to(on.facts.output, statement, arguments, portal);
}

}  // namespace dovetail::inline v0::postgres::detail
#undef DOVETAIL_DEFINE
#endif
