// The main example: indexes the files of a folder into SQLite as structs, asks three typed questions, and caches the
// answer in a LensDB server of its own. Usage: quickstart [folder]
#include <dovetail/lensdb.hpp>
#include <dovetail/lensdb_server.hpp>
#include <dovetail/sqlite.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

namespace dt = dovetail;
namespace fs = std::filesystem;
using seconds_utc = std::chrono::sys_seconds;

namespace files {

struct file {
  std::string path;
  std::string extension;
  std::int64_t bytes;
  seconds_utc modified;
};

struct extension_total {
  std::string extension;
  std::int64_t files;
  std::int64_t bytes;
};

struct summary {
  std::string folder;
  std::int64_t files;
  std::int64_t bytes;
  std::vector<extension_total> largest;
};

}  // namespace files

seconds_utc modified_at(const fs::directory_entry& entry, std::error_code& ec) {
  const auto age = fs::file_time_type::clock::now() - entry.last_write_time(ec);
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now() -
                                                  std::chrono::duration_cast<std::chrono::seconds>(age));
}

std::vector<files::file> walk(const fs::path& folder) {
  std::vector<files::file> found;
  auto shown = std::chrono::steady_clock::now();
  std::error_code ec;
  for (fs::recursive_directory_iterator at{folder, fs::directory_options::skip_permission_denied, ec}, end; at != end;
       at.increment(ec)) {
    const fs::path name = at->path().filename();
    if (at->is_directory(ec) && (name == ".git" || name == "build")) at.disable_recursion_pending();
    std::error_code vanished;  // files may go while we look
    if (!at->is_regular_file(vanished)) continue;
    files::file entry{at->path().lexically_relative(folder).string(), at->path().extension().string(),
                      static_cast<std::int64_t>(at->file_size(vanished)), modified_at(*at, vanished)};
    if (vanished) continue;
    found.push_back(std::move(entry));
    if (const auto now = std::chrono::steady_clock::now(); now - shown > std::chrono::milliseconds{200}) {
      std::fprintf(stderr, "\r%zu files ...", found.size());
      shown = now;
    }
  }
  if (ec) throw fs::filesystem_error("cannot read the folder", folder, ec);
  std::fprintf(stderr, "\r%zu files read\n", found.size());
  return found;
}

int run(const fs::path& folder) {
  if (!fs::is_directory(folder)) {
    std::fprintf(stderr, "quickstart: %s is not a folder\n", folder.string().c_str());
    return 2;
  }
  // 1. Structs go into SQLite, in one transaction and through one prepared statement.
  dt::sqlite::client db{"sqlite::memory:"};
  db.execute(
      "create table file(path text primary key, extension text not null, bytes integer not null, modified text not "
      "null)");
  db.insert("file", walk(folder));

  // 2. Typed queries: the compiler has checked each text against the struct and the arguments.
  std::printf("\n%-60s %12s\n", "largest files", "bytes");
  for (const files::file& f : db.query<files::file>("select * from file order by bytes desc, path limit ?", 5)) {
    std::printf("%-60s %12lld\n", f.path.c_str(), static_cast<long long>(f.bytes));
  }
  std::printf("\n%-20s %12s %12s\n", "by extension", "files", "bytes");
  const auto totals = db.query<files::extension_total>(
      "select extension, count(*) as files, sum(bytes) as bytes from file group by extension order by bytes desc limit "
      ":most",
      dt::arg<"most">(5));
  for (const auto& t : totals) {
    std::printf("%-20s %12lld %12lld\n", t.extension.empty() ? "(none)" : t.extension.c_str(),
                static_cast<long long>(t.files), static_cast<long long>(t.bytes));
  }
  std::printf("\n%-60s %20s\n", "newest", "modified (UTC)");
  for (const auto& [path, modified] : db.query<std::pair<std::string, std::string>>(
           "select path, modified from file order by modified desc, path limit 5")) {
    std::printf("%-60s %20s\n", path.c_str(), modified.c_str());
  }

  // 3. The summary goes as JSON into a LensDB server over TCP, and comes back through another client as the struct.
  const auto [count, bytes] =
      db.query_one<std::pair<std::int64_t, std::int64_t>>("select count(*), coalesce(sum(bytes), 0) from file");
  dt::lensdb::server server;
  dt::lensdb::client writer{server.uri()};
  writer.set("summary", files::summary{folder.string(), count, bytes, {totals.begin(), totals.end()}});
  dt::lensdb::client reader{server.uri()};
  const auto cached = reader.get<files::summary>("summary");
  std::printf("\nfrom the cache at %s: %lld files, %lld bytes in %s\n", server.uri().c_str(),
              static_cast<long long>(cached.value().files), static_cast<long long>(cached.value().bytes),
              cached.value().folder.c_str());

  // 4. A request that is known now was built by the compiler.
  constexpr auto request = dt::lensdb::frame(dt::lensdb::get{"summary"});
  static_assert(request.size() == 18 + 7);
  std::printf("its request, %zu bytes, built at compile time:", request.size());
  for (const std::byte b : request) std::printf(" %02x", std::to_integer<unsigned>(b));
  std::printf("\n");
  return 0;
}

int main(int argc, char** argv) {
  try {
    return run(argc > 1 ? argv[1] : ".");
  } catch (const std::exception& failure) {
    std::fprintf(stderr, "quickstart: %s\n", failure.what());
    return 1;
  }
}
