// JSON that stays text: kept as it stands in a document, put back as it is.
#pragma once

#include <string>
#include <utility>

namespace dovetail::inline v0 {

/// A member that holds any JSON value as its text, without taking it apart: read verbatim (after a check that it is
/// JSON), written verbatim (after the same check). In MessagePack and bincode it is a string.
struct json_text {
  std::string text = "null";

  json_text() = default;
  explicit json_text(std::string json) noexcept : text(std::move(json)) {}

  friend bool operator==(const json_text&, const json_text&) = default;
};

}  // namespace dovetail::inline v0
