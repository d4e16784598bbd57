// Forward declarations of the types that a user's headers may want to name.
#pragma once

namespace dovetail::inline v0 {

class error;
class error_info;
class secret;
class deadline;
struct uuid;
class decimal;
class row;
struct version;
template <class T>
class result;
template <class T>
class rows;
template <class T>
struct describe;
template <class T>
struct field_codec;
struct exponential_backoff;
struct fixed_delay;
struct no_retry;
struct bounded_pool;
struct single_connection;
struct shared_connection;
struct no_observer;

}  // namespace dovetail::inline v0
