// PostgreSQL through a session: arrays, types of parameters, and secrets that change.
// Usage: 21_postgres_parameters CONNECTION_STRING [FILE_WITH_TOKEN]
#include <dovetail/asyncsql.hpp>
#include <dovetail/postgres.hpp>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace dt = dovetail;
namespace sql = dovetail::asyncsql;
using dt::arg;

namespace {

struct user {
  std::int64_t id;
  std::string name;
};

//[credential_source
// Gives the secret of the moment: a token that expires, a password that is changed. Several threads may ask at once.
class token_file final : public dt::postgres::credential_source {
 public:
  explicit token_file(std::string path) : path_(std::move(path)) {}
  dt::secret fetch() override {
    std::ifstream file{path_};
    std::string token;
    std::getline(file, token);
    return dt::secret{std::move(token)};  // an empty one fails the connection
  }

 private:
  std::string path_;
};
//]

// With the secret from a file.
bool reads_with_token(const sql::config& how, const std::string& path) {
  //[credentials
  const auto source = std::make_shared<token_file>(path);  // sessions that share a pool share their source
  auto db = sql::open<dt::postgres::client>(how, [&](dt::postgres::connect_options& to) { to.credentials = source; });
  //]
  return db.query_value<int>("select 1") == 1;
}

bool run(const std::string& address, const char* token) {
  dt::postgres::client plain{address};
  plain.script(R"(
      drop table if exists users, user_tags, audit_logs, settings;
      create table users(id bigint primary key, name text not null);
      create table user_tags(user_id bigint, tags text[]);
      create table audit_logs(action text, details jsonb, created_by text);
      create table settings(user_id text, preferences jsonb);
      insert into users select n, 'user ' || n from generate_series(1, 9) as n;
      insert into settings values ('user123', null))");

  sql::config how;
  how.connection_string = dt::secret{address};
  //[hints
  // For all statements of the session, by the parameters' names.
  how.session.parameter_types = {{"metadata", "jsonb"}, {"role_id", "text"}, {"created_at", "timestamptz"}};
  auto db = sql::open<dt::postgres::client>(how);
  // jsonb_build_object tells the server nothing of its arguments: the hints do. Those of a call win, name by name.
  db.with(sql::parameter_types{{"granted_by", "text"}, {"permissions", "jsonb"}})
      .execute(R"(insert into audit_logs(action, details, created_by)
                  values (:action,
                          jsonb_build_object('role_id', :role_id, 'granted_by', :granted_by, 'permissions', :permissions),
                          :created_by))",
               arg<"action">("role_assigned"), arg<"role_id">("admin"), arg<"granted_by">("system"),
               arg<"permissions">(R"(["read", "write", "delete"])"), arg<"created_by">("system"));
  db.execute(R"(update settings set preferences = jsonb_set(coalesce(preferences, '{}'), '{notifications}',
                :settings::jsonb) where user_id = :user_id)",
             arg<"settings">(R"({"email": true, "sms": false})"), arg<"user_id">("user123"));
  //]

  //[types
  const sql::parameter_types all{{"name", "text"},           {"id", "varchar"},
                                 {"count", "integer"},       {"amount", "numeric"},
                                 {"price", "decimal"},       {"data", "jsonb"},
                                 {"config", "json"},         {"created", "timestamp"},
                                 {"updated", "timestamptz"}, {"birth_date", "date"},
                                 {"user_id", "uuid"},        {"ip_address", "inet"},
                                 {"mac", "macaddr"},         {"precise", "numeric(10,2)"},
                                 {"tags", "text[]"},         {"numbers", "integer[]"}};
  const auto family = db.with(all).query_value<int>("select family(:ip_address)", arg<"ip_address">("192.168.1.1"));
  //]

  //[arrays
  const std::vector<std::int64_t> user_ids{1, 2, 3, 4, 5};
  const auto found = db.query<user>("select * from users where id = any(:user_ids)", arg<"user_ids">(user_ids));
  const auto rest = db.query<user>("select * from users where id <> all(:user_ids)", arg<"user_ids">(user_ids));

  const std::vector<std::string> tags{"premium", "verified", "active"};
  db.execute("insert into user_tags(user_id, tags) values (:user_id, :tags)", arg<"user_id">(123), arg<"tags">(tags));
  const auto same = db.query_value<std::vector<std::string>>("select tags from user_tags where user_id = 123");
  //]
  std::printf("%zu found, %zu not, family %d\n", found.size(), rest.size(), family);
  if (token != nullptr && !reads_with_token(how, token)) return false;
  return found.size() == 5 && rest.size() == 4 && same == tags && family == 4 &&
         db.query_value<std::string>("select details->'permissions'->>2 from audit_logs") == "delete" &&
         db.query_value<bool>("select (preferences->'notifications'->>'email')::boolean from settings");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) {
    std::fprintf(stderr, "usage: 21_postgres_parameters CONNECTION_STRING [FILE_WITH_TOKEN]\n");
    return 2;
  }
  try {
    return run(argv[1], argc == 3 ? argv[2] : nullptr) ? 0 : 1;
  } catch (const dt::error& failed) {
    std::fprintf(stderr, "%s\n", failed.what());
    return 1;
  }
}
