// How a configuration is read from JSON, with the environment's variables.
#pragma once

#include <dovetail/base/parts.hpp>
#include <dovetail/base/similarity.hpp>
#include <dovetail/client/asyncsql/config_calls.hpp>
#include <dovetail/client/asyncsql/config_reading.hpp>
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

/// Puts the environment's variables into a text.
[[gnu::cold, gnu::noinline]] inline error_info substitute(std::string& text, variable_lookup variables,
                                                          std::string_view setting) {
  std::string done;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t dollar = text.find('$', at);
    done.append(text, at, dollar - at);
    if (dollar == std::string::npos) break;
    const char next = dollar + 1 < text.size() ? text[dollar + 1] : '\0';
    const std::size_t end = next == '{' ? text.find('}', dollar) : std::string::npos;
    if (end != std::string::npos) {
      const std::string name = text.substr(dollar + 2, end - dollar - 2);
      const char* const value = variables(name.c_str());
      if (value == nullptr) {
        std::string context;
        dovetail::detail::append_parts(context, {"Environment variable '", name, "' not found, in '", setting, "'"});
        return {make_error_code(errc::invalid_option), std::move(context)};
      }
      done += value;
      at = end + 1;
    } else {
      done += '$';
      at = dollar + (next == '$' ? 2 : 1);
    }
  }
  text = std::move(done);
  return {};
}

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
    result<std::vector<std::string>> read = dovetail::json::decode<std::vector<std::string>>(json);
    if (!read) return std::move(read).error();
    text.clear();
    for (const std::string& each : *read) text.append(text.empty() ? "" : ",").append(each);
  } else if (first == '{' && (name == "retry_config" || name == "parameter_types")) {
    const auto members = dovetail::json::decode<std::map<std::string, json_text>>(json);
    if (!members) return members.error();
    for (const auto& [member, value] : *members) {
      const std::string known = name == "parameter_types"   ? std::string{type_prefix} + member
                                : member == "initial_delay" ? "retry_delay"
                                                            : member;
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
  auto root = dovetail::json::decode<members>(json);
  if (!root) return std::move(root).error();
  std::string label{"Failed to load config '"};
  label.append(name.empty() ? "default" : name).append("'");
  for (const auto& [key, value] : *root) {
    if (key != "databases") {
      return error_info{make_error_code(errc::unknown_option),
                        label + ": the file has '" + key + "' where only 'databases' may stand"};
    }
  }
  if (root->empty()) return error_info{make_error_code(errc::invalid_option), label + ": not found in configuration"};
  auto entries = dovetail::json::decode<members>(root->begin()->second.text);
  if (!entries) return std::move(entries).error();
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
