// A connection's wait for an answer that another one has asked for.
#pragma once

#include <dovetail/codec/workersql_gateway/idempotency.hpp>

#include <memory>
#include <utility>

namespace dovetail::inline v0::workersql::serving {

/// One wait: who gives it up lets it go, and is told nothing of it any more, whatever it waits for next. `Connection`
/// has `on_answer(const gateway_answer*)`.
template <class Connection>
class answer_wait final : public answer_listener {
 public:
  explicit answer_wait(std::weak_ptr<Connection> whose) noexcept : whose_(std::move(whose)) {}
  void on_answer(const gateway_answer* answer) override {
    if (const auto alive = whose_.lock()) alive->on_answer(answer);
  }

 private:
  std::weak_ptr<Connection> whose_;
};

}  // namespace dovetail::inline v0::workersql::serving
