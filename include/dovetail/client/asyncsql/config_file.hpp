// How a configuration is read from JSON, with the environment's variables.
#pragma once

#include <dovetail/base/parts.hpp>
#include <dovetail/base/similarity.hpp>
#include <dovetail/client/asyncsql/config_calls.hpp>
#include <dovetail/client/asyncsql/config_reading.hpp>
#include <dovetail/client/asyncsql/config_variables.hpp>
#include <dovetail/format/json.hpp>

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dovetail::inline v0::asyncsql {
namespace detail {

/// Reads nothing but that no object has a key twice, at any depth.
struct distinct_keys {};

}  // namespace detail
}  // namespace dovetail::inline v0::asyncsql

namespace dovetail::inline v0::detail {

template <>
[[gnu::cold, gnu::noinline]] inline const char* read_json(json_source& in, const char* at,
                                                          asyncsql::detail::distinct_keys&) {
  if (at != in.end && *at == '{') {
    std::map<std::string, asyncsql::detail::distinct_keys> members;
    return read_json_dictionary(in, at, members);
  }
  if (at == in.end || *at != '[') return skip_json_value(in, at);
  std::vector<asyncsql::detail::distinct_keys> elements;
  return read_json_sequence(in, at, elements);
}

}  // namespace dovetail::inline v0::detail

namespace dovetail::inline v0::asyncsql {
namespace detail {

/// Whether a setting is a number, a time, a truth value or one of some words; the others are texts, or not known.
[[gnu::cold, gnu::noinline]] inline bool has_typed_value(std::string_view name) noexcept {
  if (name == "timeout" || name == "port" || name == "database_type" || name == "retry_config") return true;
  return name != "name" && (name == "parameter_types" || is_session_name(name));
}

/// One member of an entry as values: text, numbers and truth values as they are, an array joined by commas, and
/// "retry_config" and "parameter_types" as the members that they have.
[[gnu::cold, gnu::noinline]] inline error_info add_value(std::vector<uri_parameter>& to, const std::string& name,
                                                         const std::string& json, variable_lookup variables) {
  const char first = json.empty() ? ' ' : json.front();
  std::string text = json;
  if (first == '"') {
    result<std::string> read = dovetail::json::decode<std::string>(json);
    if (!read) return std::move(read).error();
    text = *std::move(read);
    if (error_info why = substitute(text, variables, name)) return why;
  } else if (first == '[') {
    result<std::vector<json_text>> read = dovetail::json::decode<std::vector<json_text>>(json);
    if (!read) return std::move(read).error();
    text.clear();
    bool takes_list = name == "retryable_codes" || name == "host" || name == "port";
    for (const json_text& each : *read) {
      std::string item = each.text;
      if (item.front() == '"') {
        item = dovetail::json::decode<std::string>(each.text).value();
        if (error_info why = substitute(item, variables, name)) return why;
        if (name == "retryable_codes" && item.find(',') != std::string::npos) {
          return {make_error_code(errc::invalid_option),
                  "'retryable_codes' has an element with a comma: each code of a list stands alone"};
        }
      } else {
        takes_list = takes_list && item.front() != '[' && item.front() != '{' && item != "null";
      }
      text.append(&each == read->data() ? "" : ",").append(item);
    }
    if (!takes_list) {
      std::string context;
      dovetail::detail::append_parts(
          context,
          {"'", name, "' is a list: only 'retryable_codes', 'host' and 'port' may be one, of texts or numbers"});
      return {make_error_code(errc::invalid_option), std::move(context)};
    }
  } else if (first == '{' && (name == "retry_config" || name == "parameter_types")) {
    const auto members = dovetail::json::decode<std::map<std::string, json_text>>(json);
    if (!members) return members.error();
    for (const auto& [member, value] : *members) {
      const std::string known = name == "parameter_types"   ? std::string{type_prefix} + member
                                : member == "initial_delay" ? "retry_delay"
                                                            : member;
      if (name == "retry_config" && !is_retry_name(known)) {
        return {make_error_code(errc::unknown_option),
                "'retry_config' has '" + member + "', which is no setting of retries"};
      }
      if (error_info why = add_value(to, known, value.text, variables)) return why;
    }
    return {};
  } else if (first == '{' || json == "null") {
    std::string context;
    dovetail::detail::append_parts(context, {"'", name, "' must be a text, a number, true or false"});
    return {make_error_code(errc::invalid_option), std::move(context)};
  }
  to.push_back({name, secret{std::move(text)}, true});
  return {};
}

}  // namespace detail

[[gnu::noinline]] inline result<config> read_config_text(std::string_view json, std::string_view name,
                                                         variable_lookup variables) {
  using members = std::map<std::string, json_text>;
  std::string label{"Failed to load config '"};
  label.append(name.empty() ? "default" : name).append("'");
  // The whole text at once, so that mistakes of its syntax are told with its lines.
  if (auto read = dovetail::json::decode<detail::distinct_keys>(json); !read) {
    return detail::told_for(label, std::move(read).error());
  }
  auto root = dovetail::json::decode<members>(json);
  if (!root) return detail::told_for(label, std::move(root).error());
  for (const auto& [key, value] : *root) {
    if (key != "databases") {
      return error_info{make_error_code(errc::unknown_option),
                        label + ": the file has '" + key + "' where only 'databases' may stand"};
    }
  }
  if (root->empty()) return error_info{make_error_code(errc::invalid_option), label + ": not found in configuration"};
  auto entries = dovetail::json::decode<members>(root->begin()->second.text);
  if (!entries) return error_info{make_error_code(errc::invalid_option), label + ": 'databases' must be an object"};
  const auto found = entries->find(name.empty() ? std::string{"default"} : std::string{name});
  if (found == entries->end()) {
    dovetail::detail::nearest_search search{name};
    for (const auto& [key, value] : *entries) search.offer(key);
    label += ": not found in configuration";
    if (!search.best.empty()) dovetail::detail::append_parts(label, {"; did you mean '", search.best, "'?"});
    label += "; there are";
    for (const auto& [key, value] : *entries) label.append(" '").append(key).append("'");
    return error_info{make_error_code(errc::invalid_option), std::move(label)};
  }
  auto settings = dovetail::json::decode<members>(found->second.text);
  if (!settings) return error_info{make_error_code(errc::invalid_option), label + ": the entry must be an object"};
  std::vector<uri_parameter> values;
  std::string problems;  // of what could not be read; the rest is looked at all the same
  bool knows_database = true;
  for (const auto& [key, value] : *settings) {
    error_info why = detail::add_value(values, key, value.text, variables);
    if (!why) continue;
    if (why.code() != errc::invalid_option) return detail::told_for(label, std::move(why));
    dovetail::detail::append_parts(problems, {problems.empty() ? "" : "\n  ", why.context()});
    if (key == "database_type") knows_database = false;
    // What the text would have been is not known, only that it is there.
    if (!detail::has_typed_value(key)) values.push_back({key, secret{"unknown"}, true});
  }
  return detail::config_of(std::move(values), {}, label, problems, knows_database);
}

[[gnu::noinline]] inline result<config> read_config_file(const std::string& path, std::string_view name,
                                                         variable_lookup variables) {
  struct close_file {
    void operator()(std::FILE* file) const noexcept { std::fclose(file); }
  };
  const std::unique_ptr<std::FILE, close_file> file{std::fopen(path.c_str(), "re")};
  if (file == nullptr) {
    std::string context = "cannot read the configuration file '";
    return error_info{make_error_code(errc::invalid_option), context.append(path).append("'")};
  }
  std::string text;
  char part[4096];
  while (const std::size_t got = std::fread(part, 1, sizeof part, file.get())) text.append(part, got);
  return read_config_text(text, name, variables);
}

}  // namespace dovetail::inline v0::asyncsql
