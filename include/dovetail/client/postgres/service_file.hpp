// Connection service files: connection strings that have a name, as psql reads them.
#pragma once

#include <dovetail/base/error_info.hpp>
#include <dovetail/base/parts.hpp>
#include <dovetail/base/result.hpp>
#include <dovetail/base/secret.hpp>
#include <dovetail/base/uri.hpp>
#include <dovetail/client/postgres/environment.hpp>

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace dovetail::inline v0::postgres {

/// The parameters of a service: of the section `[name]` of the first of the files that has one (PostgreSQL
/// documentation, "The Connection Service File").
/// Errors: errc::invalid_option, which names the service and the files, or the file and the line; no value.
result<uri> read_service(std::string_view name, const environment& around);

}  // namespace dovetail::inline v0::postgres

// Compiled once: in the program's `dovetail/postgres_src.hpp` file, or inline in each file.
#if !defined(DOVETAIL_SEPARATE_COMPILATION) || defined(DOVETAIL_POSTGRES_SOURCE)
#if !defined(DOVETAIL_SEPARATE_COMPILATION)
#define DOVETAIL_DEFINE inline
#else
#define DOVETAIL_DEFINE
#endif
namespace dovetail::inline v0::postgres {

[[gnu::cold, gnu::noinline]] DOVETAIL_DEFINE result<uri> read_service(std::string_view name,
                                                                      const environment& around) {
  const auto refuse = [](auto... parts) -> error_info {
    std::string text;
    dovetail::detail::append_parts(text, {parts...});
    return {errc::invalid_option, std::move(text)};
  };
  std::string files;
  for (const std::string& path : around.service_files) {
    dovetail::detail::append_parts(files, {files.empty() ? "" : ", ", path});
    const std::unique_ptr<std::FILE, detail::close_file> file{std::fopen(path.c_str(), "re")};
    if (file == nullptr) continue;
    uri found;
    bool is_inside = false;
    std::string line;
    std::size_t number = 0;
    while (detail::take_line(*file, line)) {
      ++number;
      std::string_view rest = line;
      constexpr std::string_view spaces = " \t\r\v\f";
      rest.remove_prefix(rest.find_first_not_of(spaces) == std::string_view::npos ? rest.size()
                                                                                  : rest.find_first_not_of(spaces));
      rest = rest.substr(0, rest.find_last_not_of(spaces) + 1);
      if (rest.empty() || rest.front() == '#') continue;
      if (rest.front() == '[') {
        if (is_inside) break;
        is_inside = rest.size() == name.size() + 2 && rest.substr(1).starts_with(name) && rest.back() == ']';
        continue;
      }
      if (!is_inside) continue;
      const std::size_t equal = rest.find('=');
      if (equal == std::string_view::npos || equal == 0 || rest.starts_with("service=")) {
        return refuse("line ", dovetail::detail::number_text{number}, " of the service file ", path,
                      equal != 0 && equal != std::string_view::npos ? " names another service" : " is no 'name=value'");
      }
      found.parameters.push_back(
          {std::string{rest.substr(0, equal)}, secret{std::string{rest.substr(equal + 1)}}, true});
    }
    if (is_inside) return found;
  }
  return refuse("the service '", name, "' is not in ", files.empty() ? "any file" : files);
}

}  // namespace dovetail::inline v0::postgres
#undef DOVETAIL_DEFINE
#endif
