// HTTP/1.1 messages (RFC 9112) without input and output: heads, bodies, dates and targets, both ways.
#pragma once

#include <dovetail/format/http1/body_collector.hpp>
#include <dovetail/format/http1/body_reader.hpp>
#include <dovetail/format/http1/chunk_writer.hpp>
#include <dovetail/format/http1/date.hpp>
#include <dovetail/format/http1/fields.hpp>
#include <dovetail/format/http1/framing.hpp>
#include <dovetail/format/http1/head_writer.hpp>
#include <dovetail/format/http1/limits.hpp>
#include <dovetail/format/http1/problem.hpp>
#include <dovetail/format/http1/request_reader.hpp>
#include <dovetail/format/http1/response_reader.hpp>
#include <dovetail/format/http1/status.hpp>
#include <dovetail/format/http1/target.hpp>
