// The verbs that PostgreSQL has beyond those of every SQL client.
#pragma once

#include <dovetail/client/postgres/copy_verbs.hpp>
#include <dovetail/client/postgres/parameter_verbs.hpp>
#include <dovetail/client/postgres/pipeline_verbs.hpp>
#include <dovetail/client/sql_verbs.hpp>

namespace dovetail::inline v0 {
namespace postgres {

/// Base class of clients, views and transactions, on top of `Base`, which has the verbs of every SQL client.
template <class Base, argument_storage Storage>
class extra_verbs : public copy_verbs<pipeline_verbs<parameter_verbs<Base>, Storage>, Storage> {};

}  // namespace postgres
}  // namespace dovetail::inline v0
