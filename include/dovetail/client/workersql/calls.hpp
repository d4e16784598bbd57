// The dialogues of the verbs: from a checked statement and its arguments to what the verb gives.
#pragma once

#include <dovetail/client/workersql/batch_calls.hpp>
#include <dovetail/client/workersql/session_calls.hpp>
#include <dovetail/client/workersql/statement_calls.hpp>
