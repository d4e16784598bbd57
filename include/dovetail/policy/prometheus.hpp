// Writes metrics in Prometheus' text exposition format, version 0.0.4.
#pragma once

#include <dovetail/base/utf8.hpp>
#include <dovetail/policy/histogram.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0 {

/// Labels as name and value.
using metric_labels = std::vector<std::pair<std::string, std::string>>;

namespace detail {

/// https://prometheus.io/docs/instrumenting/exposition_formats/: `\`, `"` and line feeds are escaped in label values,
/// which are UTF-8; what is not becomes U+FFFD, byte by byte, for one such label would cost the whole scrape.
inline void append_label_value(std::string& out, std::string_view value) {
  for (std::size_t valid = valid_utf8_prefix(value); valid < value.size(); valid = valid_utf8_prefix(value)) {
    append_label_value(out, value.substr(0, valid));
    out += "\xEF\xBF\xBD";
    value.remove_prefix(valid + 1);
  }
  for (const char c : value) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '"') {
      out += "\\\"";
    } else if (c == '\n') {
      out += "\\n";
    } else {
      out += c;
    }
  }
}

/// Names are [a-zA-Z_][a-zA-Z0-9_]*; every other character becomes `_`.
inline std::string metric_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    if (is_digit && name.empty()) name += '_';
    name += is_letter || is_digit ? c : '_';
  }
  return name.empty() ? "_" : name;
}

/// Nanoseconds as seconds, exactly, without trailing zeros.
inline std::string seconds_text(std::uint64_t nanoseconds) {
  std::string text = std::to_string(nanoseconds / 1'000'000'000);
  std::string fraction = std::to_string(nanoseconds % 1'000'000'000);
  fraction.insert(0, 9 - fraction.size(), '0');
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return fraction.empty() ? text : text + '.' + fraction;
}

/// Appends metric families. All samples of a family must follow its `family()` at once.
class prometheus_writer {
 public:
  prometheus_writer(std::string prefix, metric_labels common) : prefix_(metric_name(prefix)) {
    // A sample whose labels are not distinct would cost the whole scrape.
    std::vector<std::string> seen{"operation", "percentile", "condition", "le", "quantile"};
    for (const auto& [said, value] : common) {
      std::string name = metric_name(said);
      while (std::find(seen.begin(), seen.end(), name) != seen.end()) name.insert(0, "exported_");
      append_label(common_, name, value);
      seen.push_back(std::move(name));
    }
  }

  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = prefix_ + '_';
    name_ += name;
    out_ += "# HELP " + name_ + ' ';
    out_ += help;  // our own words: without backslashes and line feeds
    out_ += "\n# TYPE " + name_ + ' ';
    out_ += type;
    out_ += '\n';
  }

  void sample(const metric_labels& labels, std::string_view value, std::string_view suffix = {}) {
    std::string all = common_;
    for (const auto& [name, label] : labels) append_label(all, name, label);
    out_ += name_;
    out_ += suffix;
    if (!all.empty()) {
      out_ += '{';
      out_ += all;
      out_ += '}';
    }
    out_ += ' ';
    out_ += value;
    out_ += '\n';
  }
  void sample(const metric_labels& labels, std::uint64_t value) { sample(labels, std::to_string(value)); }

  /// Buckets from 2^12 ns (4 µs) to 2^35 ns (34 s), each twice the one before: edges of ours, so that they are exact.
  void histogram_samples(const metric_labels& labels, const histogram_counts& counts) {
    metric_labels with_edge = labels;
    with_edge.emplace_back("le", "");
    for (unsigned bits = 12; bits <= 35; ++bits) {
      const std::uint64_t edge = std::uint64_t{1} << bits;
      with_edge.back().second = seconds_text(edge);
      sample(with_edge, std::to_string(counts.count_up_to(edge)), "_bucket");
    }
    with_edge.back().second = "+Inf";
    sample(with_edge, std::to_string(counts.count()), "_bucket");
    sample(labels, seconds_text(counts.total()), "_sum");
    sample(labels, std::to_string(counts.count()), "_count");
  }

  std::string text() && { return std::move(out_); }

 private:
  static void append_label(std::string& out, std::string_view name, std::string_view value) {
    if (!out.empty()) out += ',';
    out += name;
    out += "=\"";
    append_label_value(out, value);
    out += '"';
  }

  std::string prefix_;
  std::string common_;
  std::string name_;
  std::string out_;
};

}  // namespace detail
}  // namespace dovetail::inline v0
