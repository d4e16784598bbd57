// Any bytes as the body of a request, as messages of a WebSocket and as a token: no crash, answers that are JSON, and
// nothing executed that whoever may only read must not do.
#include <dovetail/codec/workersql_gateway/socket_session.hpp>
#include <dovetail/codec/workersql_gateway/token.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;
namespace serving = dt::workersql::serving;

void require(bool holds) {
  if (!holds) std::abort();
}

class watched_database final : public serving::database {
 public:
  dt::dialect speaks() const noexcept override { return dt::dialect::sqlite; }
  dt::result<serving::statement_result> run(const serving::statement& what, const serving::result_limits&,
                                            dt::deadline) override {
    const dt::classification found = dt::classify(dt::dialect::sqlite, what.sql);
    require(!found.has_more && serving::needed_for(found) == dt::workersql::permissions::read);
    require(what.names.empty() || what.names.size() == what.values.size());
    return serving::statement_result{};
  }
  dt::result<std::vector<serving::statement_result>> run_all(const std::vector<serving::statement>& all,
                                                             const serving::result_limits& limits, dt::deadline by,
                                                             std::size_t&) override {
    std::vector<serving::statement_result> done;
    for (const serving::statement& each : all) done.push_back(*run(each, limits, by));
    return done;
  }
  dt::result<std::unique_ptr<serving::transaction>> begin(bool must_not_write, dt::deadline) override {
    require(must_not_write);
    return dt::error_info{dt::errc::operation_unsupported};
  }
  dt::result<void> ping(dt::deadline) override { return {}; }
  serving::database_load load() const noexcept override { return {}; }
};

bool is_json(std::string_view text) { return static_cast<bool>(dt::json::decode<dt::json_text>(text)); }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  watched_database db;
  const serving::execution_rules rules;
  const serving::principal reader{"ann", "t", dt::workersql::permissions::read};
  require(is_json(serving::execute_query(db, text, reader, rules, dt::deadline::never()).body));
  require(is_json(serving::execute_batch(db, text, reader, rules, dt::deadline::never()).body));
  std::atomic<std::size_t> open{0};
  serving::socket_session session{db, reader, rules, open, 1};
  require(is_json(session.handle(text, dt::deadline::never())));
  // Whatever the bytes are, the signature is none.
  const serving::gateway_crypto crypto{nullptr, [](dt::byte_view, dt::byte_view, serving::digest& out) noexcept {
                                         out.fill(std::byte{0x5A});
                                         return true;
                                       }};
  serving::token_rules how;
  how.secret = "s";
  how.now = 1;
  if (const auto who = serving::read_token(text, how, crypto)) require(!who->tenant.empty());
  return 0;
}
