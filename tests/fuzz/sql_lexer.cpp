// Any text goes through the checks of every dialect: no crash, an answer with words, and a native text that is right
// too.
#include <dovetail/sql/statement.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace dt = dovetail;

struct city {
  std::int64_t id;
  std::string name;
  std::optional<double> area;
};

void require(bool holds) {
  if (!holds) std::abort();
}

template <dt::dialect D>
void tokens_are_in_order(std::string_view text) {
  dt::detail::lexer source{text, dt::lexis_of(D)};
  std::uint32_t end = 0;
  for (dt::detail::token found = source.next(); found.kind != dt::detail::token_kind::end; found = source.next()) {
    require(found.begin >= end && found.end > found.begin && found.end <= text.size());
    end = found.end;
  }
  require(source.next().kind == dt::detail::token_kind::end);
}

template <dt::dialect D, class Row, class... Args>
void check(std::string_view text, const Args&... args) {
  const dt::statement_for<D, Row, Args...> statement{dt::runtime(text)};
  if (!statement.is_valid()) {
    require(statement.problem().at <= text.size());
    require(!statement.failure(true).context().empty());
    return;
  }
  const auto native = statement.native(args...);
  require(native.has_value());
  std::vector<bool> bound(native->parameters, false);
  dt::bind_parameters(
      statement.view().traits, statement.places(),
      [&](std::uint32_t number, const auto&) {
        require(number > 0);
        if (D == dt::dialect::mysql) return true;  // counts occurrences: `order` says which value goes where
        require(number <= bound.size() && !bound[number - 1]);
        bound[number - 1] = true;
        return true;
      },
      args...);
  if (D == dt::dialect::mysql) return;
  for (const bool is_bound : bound) require(is_bound);
}

template <dt::dialect D>
void check_all(std::string_view text) {
  tokens_are_in_order<D>(text);
  const std::vector<int> ids{1, 2, 3};
  check<D, void>(text);
  check<D, city>(text);
  check<D, city>(text, 1);
  check<D, int>(text, 1, "two");
  check<D, void>(text, ids);
  check<D, void>(text, 1, std::vector<int>{});
  check<D, city>(text, dt::arg<"a">(1), dt::arg<"ids">(ids));
  check<D, void>(text, dt::arg<"ids">(std::vector<int>{}));
  check<D, void>(text, city{});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_all<dt::dialect::sqlite>(text);
  check_all<dt::dialect::postgres>(text);
  check_all<dt::dialect::mysql>(text);
  return 0;
}
