// AsyncSQL, awaited: the sessions of asyncsql.hpp over asynchronous clients, on Asio.
#pragma once

#include <dovetail/asyncsql.hpp>
#include <dovetail/client/asyncsql/async_session.hpp>
#include <dovetail/client/asyncsql/batch_async.hpp>
#include <dovetail/client/asyncsql/open_async.hpp>
#include <dovetail/client/asyncsql/optimistic_async.hpp>
